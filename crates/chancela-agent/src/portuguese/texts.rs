//! Texts that are no error of their own: reasons and things within other sentences, and what the reader of the configuration
//! says. Gaps are those of [`phrase`](super::phrase).

/// Whole texts.
pub(super) const WORDS: &[(&str, &str)] = &[
    // What a request or a login lacks.
    ("client id", "client_id"),
    ("client secret", "client_secret"),
    ("partner's id or secret", "partner_id ou partner_secret"),
    ("partner's id", "partner_id"),
    ("partner's secret", "partner_secret"),
    ("user name", "nome de usuário"),
    ("password", "senha"),
    ("code", "código"),
    ("token", "token"),
    ("refresh token", "token de renovação"),
    ("state", "state"),
    ("nonce", "nonce"),
    ("tenant", "tenant"),
    ("partner credentials", "credenciais de parceiro"),
    ("key of the application", "chave da aplicação"),
    ("token of another step", "token de outra etapa"),
    ("certificate in a header", "certificado em um cabeçalho"),
    ("a signed client assertion", "uma client assertion assinada"),
    ("a client certificate on the connection", "um certificado de cliente na conexão"),
    ("a client secret", "um client_secret"),
    ("partner_id or partner_secret", "partner_id ou partner_secret"),
    // Why a value is missing.
    ("danger_password needs the user's name", "danger_password precisa do nome do usuário"),
    ("danger_password needs its place", "danger_password precisa saber onde ela está"),
    ("a partner platform has both", "uma plataforma parceira tem os dois"),
    (
        "the provider's addresses name one, in letters, digits and -._~",
        "os endereços do provedor indicam um, com letras, dígitos e -._~",
    ),
    // Values of the configuration.
    ("has no certificate", "não tem certificado"),
    (
        "a redirect is http://127.0.0.1:PORT/PATH as the provider registered it ([::1] or localhost in place of 127.0.0.1, 0 as PORT for any free one), or an https address from which the answer is pasted",
        "um redirect é http://127.0.0.1:PORT/PATH como o provedor o cadastrou ([::1] ou localhost no lugar de 127.0.0.1, 0 como PORT para qualquer porta livre), ou um endereço https de onde a resposta é colada",
    ),
    (
        "a rule that names nobody allows everybody; give it a uid or a gid",
        "uma regra que não indica ninguém permite todos; dê a ela um uid ou um gid",
    ),
    (
        "a time is a number of seconds or a text as 30s, 5m, 2h or 30d",
        "um tempo é um número de segundos ou um texto como 30s, 5m, 2h ou 30d",
    ),
    ("a time is a text as 30s, 5m or 2h", "um tempo é um texto como 30s, 5m ou 2h"),
    ("a time is 24h at most", "um tempo é de no máximo 24h"),
    (
        "a share of a token's life is a text from 0% to 50%",
        "uma parte da vida de um token é um texto de 0% a 50%",
    ),
    // Types, as the reader of the configuration names them.
    ("a string", "um texto"),
    ("a boolean", "true ou false"),
    ("a map", "uma tabela"),
    ("a sequence", "uma lista"),
    ("map", "uma tabela"),
    ("sequence", "uma lista"),
    // What is no TOML.
    ("duplicate key", "chave repetida; deixe uma só"),
    ("key with no value, expected `=`", "chave sem valor; falta `=`"),
    ("string values must be quoted, expected literal string", "textos ficam entre aspas"),
    ("unclosed table, expected `]`", "a tabela não foi fechada; falta `]`"),
    // The agent's process.
    ("a request has at most 64 KiB", "uma requisição tem no máximo 64 KiB"),
    (
        "this user or group may not do that here; see [[agent.allow]] in the agent's configuration",
        "este usuário ou grupo não pode fazer isso aqui; veja [[agent.allow]] na configuração do agente",
    ),
    (
        "the agent's configuration has no such provider; `chancela agent status` lists them",
        "a configuração do agente não tem esse provedor; `chancela agent status` os lista",
    ),
    (
        "as many callers as there may be listen to events already",
        "já há tantos ouvintes de eventos quantos pode haver",
    ),
];

/// Texts with gaps.
pub(super) const PHRASES: &[(&str, &str)] = &[
    ("⟪what⟫ (next attempt in ⟦time⟧)", "⟪what⟫ (próxima tentativa em ⟦time⟧)"),
    (
        "every call of this provider's API carries ⟦name⟧; give it as credential.⟦name⟧",
        "toda chamada à API deste provedor leva ⟦name⟧; informe-o como credential.⟦name⟧",
    ),
    (
        "unknown field `⟦name⟧`, expected one of ⟦known⟧",
        "campo desconhecido `⟦name⟧`; use um destes: ⟦known⟧",
    ),
    ("unknown field `⟦name⟧`, expected ⟦known⟧", "campo desconhecido `⟦name⟧`; use: ⟦known⟧"),
    (
        "unknown variant `⟦name⟧`, expected one of ⟦known⟧",
        "valor desconhecido `⟦name⟧`; use um destes: ⟦known⟧",
    ),
    ("unknown variant `⟦name⟧`, expected ⟦known⟧", "valor desconhecido `⟦name⟧`; use: ⟦known⟧"),
    ("missing field `⟦name⟧`", "falta o campo `⟦name⟧`; informe-o"),
    ("duplicate field `⟦name⟧`", "campo repetido `⟦name⟧`; deixe um só"),
    ("invalid type: ⟪found⟫, expected ⟪wanted⟫", "tipo errado: veio ⟪found⟫, espera-se ⟪wanted⟫"),
    ("invalid value: ⟪found⟫, expected ⟪wanted⟫", "valor errado: veio ⟪found⟫, espera-se ⟪wanted⟫"),
    ("string \"⟦text⟧\"", "texto \"⟦text⟧\""),
    ("integer `⟦number⟧`", "número inteiro `⟦number⟧`"),
    ("floating point `⟦number⟧`", "número `⟦number⟧`"),
    ("boolean `⟦value⟧`", "`⟦value⟧`"),
    ("there is no file ⟦name⟧; known are: ⟦known⟧", "não há o arquivo ⟦name⟧; existem: ⟦known⟧"),
];
