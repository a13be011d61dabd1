//! The demo's words, in both languages.

use chancela_server::page::Locale;

/// All of them.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) steps: [&'static str; 5],
    pub(super) request: Step,
    pub(super) granted: Step,
    pub(super) refused: Step,
    pub(super) foreign: Step,
    pub(super) unasked: Step,
    pub(super) exchange: Step,
    pub(super) exchange_refused: Step,
    pub(super) tokens: Step,
    pub(super) refreshed: Step,
    pub(super) refresh_refused: Step,
    pub(super) user_info: Step,
    pub(super) lost: Step,
    pub(super) caption: Captions,
    pub(super) action: Actions,
    pub(super) opaque: &'static str,
    other_parameter: &'static str,
    parameters: &'static [(&'static str, &'static str)],
}

/// A step's own words.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) title: &'static str,
    pub(super) explanation: &'static [&'static str],
}

/// What stands above what was said.
#[derive(Debug)]
pub(super) struct Captions {
    pub(super) address: &'static str,
    pub(super) parameters: &'static str,
    pub(super) verifier: &'static str,
    pub(super) came_back: &'static str,
    pub(super) request: &'static str,
    pub(super) response: &'static str,
    /// Of the token that `{}` names.
    pub(super) header: &'static str,
    pub(super) claims: &'static str,
    pub(super) opaque: &'static str,
}

/// Ways to go on.
#[derive(Debug)]
pub(super) struct Actions {
    pub(super) authorize: &'static str,
    pub(super) exchange: &'static str,
    pub(super) decode: &'static str,
    pub(super) refresh: &'static str,
    pub(super) user_info: &'static str,
    pub(super) sign_out: &'static str,
    pub(super) again: &'static str,
    pub(super) begin: &'static str,
}

/// The words of a language.
pub(super) fn words(locale: Locale) -> &'static Words {
    match locale {
        Locale::PtBr => &PT_BR,
        Locale::En => &EN,
    }
}

impl Words {
    /// What a parameter is for.
    pub(super) fn parameter(&self, name: &str) -> &'static str {
        self.parameters.iter().find(|(own, _)| *own == name).map_or(self.other_parameter, |(_, text)| text)
    }
}

const PT_BR: Words = Words {
    title: "Demonstração",
    steps: ["Pedido", "Resposta", "Troca", "Tokens", "Uso"],
    request: Step {
        title: "O aplicativo pede autorização",
        explanation: &[
            "Este aplicativo não conhece a senha de ninguém. Ele manda o navegador ao servidor de autorização, com este \
             pedido no endereço.",
            "O code_verifier abaixo fica com o aplicativo; o pedido leva só o resumo dele (code_challenge). Assim, quem \
             roubar o código no caminho não consegue trocá-lo (PKCE, RFC 7636).",
        ],
    },
    granted: Step {
        title: "O navegador voltou com um código",
        explanation: &[
            "O servidor de autorização reconheceu o usuário, perguntou o que ele permite e mandou o navegador de volta. \
             O código vale por pouco tempo e uma única vez.",
            "O aplicativo confere que state é o que ele mandou (a resposta é do seu pedido, deste navegador) e que iss é \
             o servidor a que ele perguntou (RFC 9207). Os dois conferem.",
        ],
    },
    refused: Step {
        title: "O navegador voltou com uma recusa",
        explanation: &["O servidor diz por quê, com um código de erro da RFC 6749. Não há nada para trocar."],
    },
    foreign: Step {
        title: "Esta resposta não é do último pedido",
        explanation: &[
            "O state (ou o iss) não é o que o aplicativo espera: outra aba pode ter começado outro pedido, ou alguém \
             quer que você entre com a conta dele. Um aplicativo correto descarta esta resposta.",
        ],
    },
    unasked: Step {
        title: "O navegador voltou com uma resposta",
        explanation: &[
            "A demonstração não fez este pedido; foi, por exemplo, o endereço que o sandbox imprimiu. Troque o código \
             com o comando que foi impresso junto.",
        ],
    },
    exchange: Step {
        title: "O aplicativo troca o código por tokens",
        explanation: &[
            "Agora sem o navegador: de servidor a servidor, com a credencial do aplicativo e com o code_verifier.",
            "O segredo do aplicativo aparece como ***; todo o resto é o que foi enviado e recebido.",
        ],
    },
    exchange_refused: Step {
        title: "O servidor recusou a troca",
        explanation: &[
            "Um código vale uma vez e por pouco tempo. Se ele já foi trocado, o servidor também revoga o que a primeira \
             troca emitiu.",
        ],
    },
    tokens: Step {
        title: "O que há nos tokens",
        explanation: &[
            "Um JWT pode ser lido por qualquer um; o que o protege é a assinatura. O ID token é para o aplicativo: quem \
             entrou, quando e como. O access token é para as APIs: o aplicativo só o repassa.",
        ],
    },
    refreshed: Step {
        title: "O aplicativo renovou o acesso",
        explanation: &[
            "Sem o usuário: o token de renovação dá um novo access token e, se for de uso único, um sucessor.",
        ],
    },
    refresh_refused: Step {
        title: "O servidor recusou a renovação",
        explanation: &[
            "O token de renovação expirou, foi revogado ou já foi usado. O usuário precisa entrar de novo.",
        ],
    },
    user_info: Step {
        title: "Quem é o usuário",
        explanation: &[
            "Com o access token, o aplicativo pergunta ao UserInfo o que os escopos permitidos deixam saber.",
        ],
    },
    lost: Step {
        title: "Esta demonstração terminou",
        explanation: &["O sandbox foi reiniciado, ou este passo não foi feito por ele. Comece de novo."],
    },
    caption: Captions {
        address: "O endereço a que o navegador vai",
        parameters: "Os parâmetros do pedido",
        verifier: "O que fica com o aplicativo",
        came_back: "O que voltou no endereço",
        request: "O que o aplicativo enviou",
        response: "O que o servidor respondeu",
        header: "{}: cabeçalho",
        claims: "{}: conteúdo",
        opaque: "{}",
    },
    action: Actions {
        authorize: "Ir ao servidor de autorização",
        exchange: "Trocar o código",
        decode: "Ver o que há nos tokens",
        refresh: "Renovar o acesso",
        user_info: "Perguntar quem é o usuário",
        sign_out: "Sair",
        again: "Fazer outro pedido",
        begin: "Voltar ao começo",
    },
    opaque: "Este token é opaco: só o servidor que o emitiu sabe o que ele vale, e responde por introspecção (RFC 7662).",
    other_parameter: "Um parâmetro próprio deste provedor.",
    parameters: &[
        ("response_type", "O que deve voltar: um código."),
        ("client_id", "Quem pede: o nome do aplicativo no servidor."),
        ("redirect_uri", "Aonde o navegador volta; tem de estar registrado, igual."),
        ("scope", "O que o aplicativo quer poder fazer."),
        ("state", "Um valor que só este navegador e o aplicativo conhecem; volta igual."),
        ("code_challenge", "SHA-256 do code_verifier, em base64url."),
        ("code_challenge_method", "Como o code_challenge foi feito."),
        ("nonce", "Volta dentro do ID token: liga o token a este pedido."),
        ("ui_locales", "O idioma das páginas."),
        ("code_verifier", "O segredo deste pedido; vai só na troca."),
        ("code", "O código: uma vez, por pouco tempo, só para este aplicativo."),
        ("iss", "Quem responde (RFC 9207)."),
        ("session_state", "Muda quando a sessão no servidor muda."),
        ("error", "Por que não (RFC 6749, seção 4.1.2.1)."),
        ("error_description", "O mesmo, em palavras, para quem fez o aplicativo."),
    ],
};

const EN: Words = Words {
    title: "Demo",
    steps: ["Request", "Response", "Exchange", "Tokens", "Use"],
    request: Step {
        title: "The application asks for authorization",
        explanation: &[
            "This application knows nobody's password. It sends the browser to the authorization server, with this \
             request in the address.",
            "The code_verifier below stays with the application; the request carries only its digest (code_challenge). \
             Whoever steals the code on its way cannot exchange it (PKCE, RFC 7636).",
        ],
    },
    granted: Step {
        title: "The browser came back with a code",
        explanation: &[
            "The authorization server recognised the user, asked what they allow, and sent the browser back. The code is \
             good for a short time, and once.",
            "The application checks that state is what it sent (the answer is to its own request, in this browser) and \
             that iss is the server that it asked (RFC 9207). Both are right.",
        ],
    },
    refused: Step {
        title: "The browser came back with a refusal",
        explanation: &["The server says why, by an error code of RFC 6749. There is nothing to exchange."],
    },
    foreign: Step {
        title: "This answer is not to the last request",
        explanation: &[
            "The state (or the iss) is not what the application expects: another tab may have begun another request, or \
             somebody wants you to use their account. A correct application drops this answer.",
        ],
    },
    unasked: Step {
        title: "The browser came back with an answer",
        explanation: &[
            "The demo did not make this request; it was, say, the address that the sandbox printed. Exchange the code \
             with the command that was printed beside it.",
        ],
    },
    exchange: Step {
        title: "The application exchanges the code for tokens",
        explanation: &[
            "Now without the browser: from server to server, with the application's credentials and the code_verifier.",
            "The application's secret is shown as ***; everything else is what was sent and received.",
        ],
    },
    exchange_refused: Step {
        title: "The server refused the exchange",
        explanation: &[
            "A code is good once, and for a short time. If it was exchanged before, the server also revokes what the \
             first exchange issued.",
        ],
    },
    tokens: Step {
        title: "What is in the tokens",
        explanation: &[
            "Anybody can read a JWT; what protects it is the signature. The ID token is for the application: who logged \
             in, when and how. The access token is for APIs: the application only passes it on.",
        ],
    },
    refreshed: Step {
        title: "The application renewed its access",
        explanation: &[
            "Without the user: a refresh token gives a new access token and, if it is good once only, a successor.",
        ],
    },
    refresh_refused: Step {
        title: "The server refused the renewal",
        explanation: &[
            "The refresh token has expired, was revoked, or was used before. The user has to log in again.",
        ],
    },
    user_info: Step {
        title: "Who the user is",
        explanation: &[
            "With the access token, the application asks UserInfo for what the allowed scopes let it know.",
        ],
    },
    lost: Step {
        title: "This demo is over",
        explanation: &["The sandbox was started again, or it did not make this step. Begin again."],
    },
    caption: Captions {
        address: "The address that the browser goes to",
        parameters: "The request's parameters",
        verifier: "What stays with the application",
        came_back: "What came back in the address",
        request: "What the application sent",
        response: "What the server answered",
        header: "{}: header",
        claims: "{}: content",
        opaque: "{}",
    },
    action: Actions {
        authorize: "Go to the authorization server",
        exchange: "Exchange the code",
        decode: "Look into the tokens",
        refresh: "Renew the access",
        user_info: "Ask who the user is",
        sign_out: "Log out",
        again: "Make another request",
        begin: "Back to the beginning",
    },
    opaque: "This token is opaque: only the server that issued it knows what it is worth, and answers by introspection (RFC 7662).",
    other_parameter: "A parameter of this provider's own.",
    parameters: &[
        ("response_type", "What should come back: a code."),
        ("client_id", "Who asks: the application's name at the server."),
        ("redirect_uri", "Where the browser returns; it must be registered, letter for letter."),
        ("scope", "What the application wants to be able to do."),
        ("state", "A value that only this browser and the application know; it comes back as it is."),
        ("code_challenge", "SHA-256 of the code_verifier, in base64url."),
        ("code_challenge_method", "How the code_challenge was made."),
        ("nonce", "Comes back inside the ID token: ties the token to this request."),
        ("ui_locales", "The language of the pages."),
        ("code_verifier", "The secret of this request; only the exchange carries it."),
        ("code", "The code: once, for a short time, for this application alone."),
        ("iss", "Who answers (RFC 9207)."),
        ("session_state", "Changes when the session at the server changes."),
        ("error", "Why not (RFC 6749, section 4.1.2.1)."),
        ("error_description", "The same in words, for who wrote the application."),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_explain_the_same_parameters() {
        let names = |words: &Words| words.parameters.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(names(&PT_BR), names(&EN));
        assert_eq!(words(Locale::En).parameter("no_such_parameter"), EN.other_parameter);
    }
}
