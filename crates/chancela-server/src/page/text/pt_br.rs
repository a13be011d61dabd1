//! Português do Brasil.

use super::{
    Account, Around, Common, Consent, Date, Demo, Failure, Login, Message, Messages, Notices, Problems,
    SecondFactor, SelectAccount, SignOut, Texts,
};

pub(crate) static TEXTS: Texts = Texts {
    common: Common {
        error_prefix: "Erro: ",
        skip: "Ir para o conteúdo",
        language: "Idioma desta página",
        or: "ou",
        cancel: "Cancelar",
        proceed: "Continuar",
        begin_again: "Começar de novo",
        try_again: "Tentar de novo",
        too_many: "Foram muitas tentativas.",
        wait,
        passkey: "Usar chave de acesso",
        passkey_failed: "Não conseguimos usar sua chave de acesso. Tente de novo ou escolha outra forma de entrar.",
        sealed_by: "Autenticado por",
    },
    date: Date {
        months: [
            "janeiro",
            "fevereiro",
            "março",
            "abril",
            "maio",
            "junho",
            "julho",
            "agosto",
            "setembro",
            "outubro",
            "novembro",
            "dezembro",
        ],
    },
    login: Login {
        title: "Entrar",
        to_continue: Around("Use sua conta para continuar em ", "."),
        to_account: "Use sua conta para ver seus dispositivos, suas permissões e sua segurança.",
        tenant: "Organização",
        choose_tenant: "Escolha a organização",
        username: "Usuário",
        password: "Senha",
        submit: "Entrar",
        check_address: "Antes de digitar sua senha, confira o endereço na barra do navegador.",
        wrong_credentials: "Usuário ou senha incorretos. Confira os dados e tente de novo.",
        missing: "Preencha todos os campos para entrar.",
        missing_tenant: "Escolha a sua organização.",
        wrong_passkey: "Essa chave de acesso não foi aceita. Tente de novo ou escolha outra forma de entrar.",
    },
    second_factor: SecondFactor {
        title: "Confirme que é você",
        lead: Around("Falta só mais um passo para entrar como ", "."),
        code: "Código de 6 dígitos",
        code_hint: "Abra seu aplicativo autenticador e digite o código que aparece nele agora.",
        submit: "Confirmar",
        no_phone: "Usar um código de recuperação",
        recovery_code: "Código de recuperação",
        recovery_hint: "É um dos códigos que você guardou ao configurar sua conta. Cada um vale uma única vez.",
        recovery_submit: "Entrar com este código",
        passkey_lead: "Use a chave de acesso que você cadastrou: digital, rosto, PIN do aparelho ou chave de segurança.",
        wrong_code: "Código incorreto ou já usado. Espere o aplicativo mostrar o próximo e tente de novo.",
        wrong_recovery_code: "Código de recuperação incorreto ou já usado. Confira e tente de novo.",
    },
    select_account: SelectAccount {
        title: "Com qual conta continuar?",
        lead: Around("Você vai entrar em ", "."),
        as_person: "Continuar como",
        other: "Usar outra conta",
    },
    consent: Consent {
        title: "Autorizar acesso",
        heading: Around("", " quer acessar sua conta"),
        signed_in_as: "Conta",
        switch: "Trocar de conta",
        will: "Se você autorizar, este aplicativo poderá:",
        already: "O que você já autorizou antes",
        nothing_new: "Este aplicativo só quer confirmar que é você quem está entrando.",
        scope: Around("Acesso identificado como “", "”"),
        destination: Around("Depois você volta para ", "."),
        revocable: "Você pode retirar esta autorização quando quiser, na página da sua conta.",
        allow: "Autorizar",
        refuse: "Não autorizar",
    },
    account: Account {
        title: "Sua conta",
        greeting: Around("Olá, ", ""),
        lead: "Veja onde você entrou, o que autorizou e como sua conta está protegida.",
        sections: "Seções desta página",
        problem_title: "Não foi possível concluir",
        devices: Message {
            title: "Dispositivos",
            text: "Sua conta está conectada nestes navegadores. Não reconhece algum? Encerre o acesso dele e troque sua senha.",
        },
        this_device: "Este dispositivo",
        signed_in: "Entrou em",
        last_seen: "Usado pela última vez em",
        end_session: "Encerrar",
        applications: Message {
            title: "Aplicativos autorizados",
            text: "Estes aplicativos agem em seu nome. Ao retirar a autorização, o acesso deles acaba na hora.",
        },
        time_zone: "Datas e horas no horário de Brasília.",
        no_applications: "Você ainda não autorizou nenhum aplicativo.",
        allowed_since: "Autorizado em",
        revoke: "Retirar autorização",
        password: Message {
            title: "Senha",
            text: "Ao trocar a senha, você sai de todos os outros dispositivos.",
        },
        change_password: "Trocar senha",
        current_password: "Senha atual",
        new_password: "Nova senha",
        repeated_password: "Repita a nova senha",
        password_hint,
        totp: Message {
            title: "Aplicativo autenticador",
            text: "Além da senha, pedimos um código que só o seu celular mostra. Quem descobrir sua senha não entra.",
        },
        totp_start: "Configurar aplicativo",
        totp_scan: "Abra o aplicativo autenticador no celular e aponte a câmera para este código.",
        totp_qr: "Código QR com a chave da sua conta; se não puder lê-lo, digite a chave abaixo no aplicativo.",
        totp_key: "Não consegue ler o código? Digite esta chave no aplicativo:",
        totp_type: "Digite o código de 6 dígitos que o aplicativo mostra agora.",
        totp_confirm: "Ativar",
        totp_active: "Ativo desde",
        totp_remove: "Remover aplicativo autenticador",
        passkeys: Message {
            title: "Chaves de acesso",
            text: "Entre com a digital, o rosto, o PIN do aparelho ou uma chave de segurança. Não há senha para alguém roubar.",
        },
        no_passkeys: "Você ainda não tem chaves de acesso.",
        added: "Adicionada em",
        remove: "Remover",
        passkey_name: "Nome da nova chave",
        passkey_name_hint: "Para você reconhecê-la depois. Por exemplo: celular da Ana.",
        add_passkey: "Adicionar chave de acesso",
        passkeys_unsupported: "Para adicionar uma chave, use um navegador com suporte a chaves de acesso e JavaScript ligado.",
        recovery: Message {
            title: "Códigos de recuperação",
            text: "Servem para entrar quando você está sem o celular ou sem a chave. Guarde-os em lugar seguro, fora do celular.",
        },
        recovery_left,
        recovery_fresh: "Guarde estes códigos agora: eles não serão mostrados de novo. Cada um vale uma única vez.",
        recovery_make: "Gerar códigos",
        recovery_replace: "Gerar novos códigos e invalidar os atuais",
        leave: Message {
            title: "Sair",
            text: "Sair de todos os dispositivos também encerra o acesso dos aplicativos autorizados.",
        },
        sign_out: "Sair deste dispositivo",
        sign_out_everywhere: "Sair de todos os dispositivos",
        notice: Notices {
            session_ended: "Pronto: o acesso naquele dispositivo foi encerrado.",
            application_revoked: "Pronto: o aplicativo não tem mais acesso à sua conta.",
            password_changed: "Pronto: sua senha foi trocada e os outros dispositivos foram desconectados.",
            totp_added: "Pronto: a partir de agora pediremos o código do aplicativo ao entrar.",
            totp_removed: "Pronto: o aplicativo autenticador foi removido.",
            passkey_added: "Pronto: sua chave de acesso foi adicionada.",
            passkey_removed: "Pronto: a chave de acesso foi removida.",
            recovery_codes_made: "Pronto: seus novos códigos de recuperação estão abaixo.",
        },
        problem: Problems {
            wrong_password: "A senha atual está incorreta.",
            password_too_short,
            password_too_common: "Essa senha é fácil de adivinhar ou já foi usada. Escolha outra.",
            passwords_differ: "As duas senhas novas não são iguais.",
            passkey: "Não foi possível adicionar a chave de acesso. Tente de novo.",
            last_way_in: "Esta é a única forma de entrar na sua conta. Configure outra antes de removê-la.",
        },
    },
    sign_out: SignOut {
        title: "Sair da sua conta?",
        asked_by: Around("", " pediu para encerrar seu acesso."),
        lead: "Neste navegador, você precisará entrar de novo para usar sua conta.",
        submit: "Sair",
        stay: "Continuar conectado",
        done: Message {
            title: "Você saiu",
            text: "Seu acesso neste navegador foi encerrado. Se o computador não é seu, feche também todas as janelas.",
        },
        telling: "Estamos avisando os aplicativos em que você entrou.",
        back_to: Around("Voltar para ", ""),
        frame: "Aviso de saída a um aplicativo",
    },
    failure: Failure {
        application: Message {
            title: "Este aplicativo não pode usar sua conta",
            text: "O aplicativo que trouxe você até aqui não está cadastrado ou foi bloqueado. Nenhum dado seu foi \
                   compartilhado. Volte ao aplicativo e avise o suporte dele.",
        },
        address: Message {
            title: "O endereço de retorno não confere",
            text: "O aplicativo pediu que você fosse enviado a um endereço que ele não cadastrou. Para sua segurança, \
                   paramos aqui e nenhum dado seu foi compartilhado. Avise o suporte do aplicativo.",
        },
        request: Message {
            title: "Não entendemos este pedido",
            text: "O aplicativo enviou um pedido incompleto ou inválido. Volte ao aplicativo e tente de novo. Se \
                   continuar, avise o suporte dele.",
        },
        not_allowed: Message {
            title: "Sua conta não permite isto",
            text: "Você entrou, mas sua conta não tem acesso ao que foi pedido. Fale com quem administra sua conta.",
        },
        not_found: Message {
            title: "Esta página não existe",
            text: "Confira o endereço. Se chegou aqui por um link, ele pode estar incompleto ou ser antigo.",
        },
        unavailable: Message {
            title: "Voltamos já",
            text: "No momento não conseguimos atender. Espere alguns instantes e tente de novo: nada do que você fez \
                   se perdeu.",
        },
        ours: Message {
            title: "Algo deu errado do nosso lado",
            text: "Não foi culpa sua. Tente de novo em alguns minutos. Se continuar, avise o suporte e informe o código \
                   abaixo.",
        },
        code: "Código para o suporte",
        detail: "Para quem desenvolve o aplicativo",
    },
    message: Messages {
        expired: Message {
            title: "Esta página ficou desatualizada",
            text: "Ela ficou aberta por muito tempo, ou você continuou em outra aba. Nada foi enviado. Comece de novo: é \
                   rápido.",
        },
        cookies_off: Message {
            title: "Seu navegador não está aceitando cookies",
            text: "Sem eles não conseguimos saber que é você de uma página para a outra. Usamos só os indispensáveis: \
                   nenhum acompanha o que você faz em outros sites.",
        },
        cookies_how: [
            "Abra as configurações de privacidade do navegador.",
            "Permita cookies para este endereço.",
            "Volte a esta página e continue.",
        ],
        too_many: Message {
            title: "Muitas tentativas",
            text: "Para proteger sua conta, é preciso esperar um pouco. Você não perdeu nada do que fez.",
        },
        form_post: Message {
            title: "Só um instante",
            text: "Seu navegador não seguiu sozinho. Toque no botão para continuar.",
        },
        form_post_to: Around("Levando você de volta para ", "."),
    },
    demo: Demo {
        title: "Veja o fluxo por dentro",
        lead: "Este pequeno aplicativo faz login passo a passo e mostra tudo o que ele e o servidor dizem um ao outro. \
               Escolha com quem ele vai falar.",
        start: Around("Começar com ", ""),
        users: "Para entrar, use",
        username: "Usuário",
        password: "Senha",
        steps: "Passos",
        step: |number, of| format!("Passo {number} de {of}"),
        done: "concluído",
    },
};

fn wait(seconds: u64) -> String {
    let time = match seconds {
        0 | 1 => "1 segundo".to_owned(),
        2..120 => format!("{seconds} segundos"),
        _ => format!("{} minutos", seconds.div_ceil(60)),
    };
    format!("Aguarde {time} e tente de novo.")
}

fn password_hint(minimum: u32) -> String {
    format!("Pelo menos {minimum} caracteres. Uma frase que só você diria é melhor que uma palavra difícil.")
}

fn password_too_short(minimum: u32) -> String {
    format!("A nova senha precisa ter pelo menos {minimum} caracteres.")
}

fn recovery_left(left: usize) -> String {
    match left {
        0 => "Você não tem nenhum código guardado.".to_owned(),
        1 => "Resta 1 código sem uso.".to_owned(),
        _ => format!("Restam {left} códigos sem uso."),
    }
}
