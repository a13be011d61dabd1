//! Every page with sample data, in a given language: for the tests, and for `examples/pages.rs`, which writes them for
//! the browser.

use bytes::Bytes;
use chancela_server::page::account::{
    Application, Device, Notice, Passkey, Passkeys, PasswordRules, PendingTotp, Problem, Recovery, Totp,
};
use chancela_server::page::demo::{Action, Block, DemoRealm, Parameter, Way};
use chancela_server::page::{
    Account, Consent, ConsentScope, CookiesOff, DemoIndex, DemoStep, Expired, Failure, FailureReason, Form,
    FormPost, Frame, Locale, Login, LoginProblem, Page, Person, SecondFactor, SecondFactorProblem,
    SelectAccount, Shown, SignOut, SignedOut, Tenant, TooMany,
};
use http::Response;

const CALLBACK: &str = "https://app.aurora.example/retorno?origem=web";
const NOW: i64 = 1_795_354_777;
const DAY: i64 = 86_400;

pub fn say<'a>(locale: Locale, portuguese: &'a str, english: &'a str) -> &'a str {
    match locale {
        Locale::PtBr => portuguese,
        Locale::En => english,
    }
}

pub fn frame(locale: Locale) -> Frame {
    Frame::new(locale, "Banco Aurora", true)
        .with_other_language(format!("/authorize?client_id=aurora&ui_locales={}", locale.other().tag()))
}

pub fn form() -> Form {
    Form::to("/login").with("request", "client_id=aurora&scope=openid").with("csrf", "1795354777000.c2VhbGVk")
}

fn ana() -> Person {
    Person::new("Ana Beatriz Moura", "ana.moura@aurora.example")
}

fn client() -> Shown {
    "Aurora Contabilidade".into()
}

pub fn login(locale: Locale) -> Login {
    Login {
        frame: frame(locale),
        form: form(),
        leads_to: Some(CALLBACK.to_owned()),
        client: Some(client()),
        tenant: Tenant::Known,
        username: "".into(),
        passkey_options: Some(r#"{"challenge":"Y2hhbGxlbmdl","rpId":"aurora.example"}"#.to_owned()),
        problem: None,
    }
}

fn logins(locale: Locale) -> Vec<(&'static str, Response<Bytes>)> {
    let wrong = Login {
        username: "ana.moura@aurora.example".into(),
        problem: Some(LoginProblem::Credentials),
        ..login(locale)
    };
    let tenant = Login {
        tenant: Tenant::Listed(vec!["Aurora Matriz".into(), "Aurora Filial Recife".into()], None),
        passkey_options: None,
        problem: Some(LoginProblem::Wait(45)),
        ..login(locale)
    };
    let which = Login {
        tenant: Tenant::Listed(vec!["Aurora Matriz".into(), "Aurora Filial Recife".into()], None),
        username: "ana.moura".into(),
        problem: Some(LoginProblem::Tenant),
        ..login(locale)
    };
    let account =
        Login { client: None, leads_to: None, tenant: Tenant::Typed("aurora".into()), ..login(locale) };
    vec![
        ("login", login(locale).respond()),
        ("login-wrong", wrong.respond()),
        ("login-tenant", tenant.respond()),
        ("login-account", account.respond()),
        ("login-which-tenant", which.respond()),
    ]
}

fn second_factors(locale: Locale) -> Vec<(&'static str, Response<Bytes>)> {
    let page = || SecondFactor {
        frame: frame(locale),
        form: form(),
        leads_to: Some(CALLBACK.to_owned()),
        client: Some(client()),
        username: "ana.moura@aurora.example".into(),
        totp: true,
        passkey_options: Some(r#"{"challenge":"Y2hhbGxlbmdl","allowCredentials":[]}"#.to_owned()),
        recovery: true,
        problem: None,
    };
    let passkey = SecondFactor { totp: false, ..page() };
    let recovery =
        SecondFactor { passkey_options: None, problem: Some(SecondFactorProblem::RecoveryCode), ..page() };
    let select = SelectAccount {
        frame: frame(locale),
        form: form(),
        leads_to: Some(CALLBACK.to_owned()),
        client: client(),
        person: ana(),
    };
    vec![
        ("second-factor", page().respond()),
        ("second-factor-passkey", passkey.respond()),
        ("second-factor-recovery", recovery.respond()),
        ("select-account", select.respond()),
    ]
}

pub fn scope(name: &str, meanings: &[&str], known: bool) -> ConsentScope {
    ConsentScope {
        name: name.into(),
        meanings: meanings.iter().map(|text| Shown::from(*text)).collect(),
        known,
    }
}

pub fn consent(locale: Locale) -> Consent {
    let wildcard = [
        say(locale, "Gerenciar catálogos de dados em seu nome", "Manage data catalogs on your behalf"),
        say(locale, "Acessar skills em seu nome", "Access skills on your behalf"),
        say(
            locale,
            "Criar e acessar transações em seu nome",
            "Create and access transactions on your behalf",
        ),
    ];
    let offline = say(
        locale,
        "Manter esse acesso por até 30 dias, mesmo quando você não estiver usando o aplicativo",
        "Keep this access for up to 30 days, even while you are not using the application",
    );
    Consent {
        frame: frame(locale),
        form: form(),
        leads_to: CALLBACK.to_owned(),
        client: client(),
        person: ana(),
        scopes: vec![
            scope("openid", &[say(locale, "Saber quem você é", "Know who you are")], true),
            scope("global.wildcard", &wildcard, false),
            scope("offline_access", &[offline], false),
            scope("cob.read", &[], false),
        ],
        switch_account: Some("/authorize?prompt=select_account".to_owned()),
    }
}

fn consents(locale: Locale) -> Vec<(&'static str, Response<Bytes>)> {
    let hostile = Consent {
        client: "<img src=x onerror=alert(1)> \u{202e}ocnaB {{7*7}} \"'> AplicativoDeNomeMuitoLongoQueNaoTemEspacos"
            .into(),
        leads_to: "com.example.app:/callback".to_owned(),
        scopes: vec![scope("openid", &[], true)],
        person: Person::new("bruno", "bruno"),
        switch_account: None,
        ..consent(locale)
    };
    vec![("consent", consent(locale).respond()), ("consent-hostile", hostile.respond())]
}

pub fn account(locale: Locale) -> Account {
    let device = |session: &str, label: &str, days: i64, current| Device {
        session: session.to_owned(),
        label: label.into(),
        since: NOW - days * DAY,
        last_seen: NOW - days * DAY / 2,
        current,
    };
    let application = |key: &str, name: &str, permissions: &[&str], days: i64| Application {
        key: key.to_owned(),
        name: name.into(),
        permissions: permissions.iter().map(|text| Shown::from(*text)).collect(),
        since: NOW - days * DAY,
    };
    let read = say(locale, "Consultar cobranças Pix", "Read Pix charges");
    let write = say(locale, "Criar e alterar cobranças Pix", "Create and change Pix charges");
    Account {
        frame: frame(locale),
        form: Form::to("/account").with("csrf", "1795354777000.c2VhbGVk"),
        person: ana(),
        notice: Some(Notice::ApplicationRevoked),
        problem: None,
        devices: vec![
            device("a1", "Firefox · Linux", 0, true),
            device("b2", "Chrome · Android", 12, false),
            device("c3", "Safari · iPhone", 94, false),
        ],
        applications: vec![
            application("k1", "Aurora Contabilidade", &[read, write], 3),
            application("k2", "Loja da Esquina", &[read], 210),
        ],
        password: Some(PasswordRules { minimum: 12 }),
        totp: Totp::Active(NOW - 30 * DAY),
        passkeys: Some(Passkeys {
            list: vec![Passkey {
                id: "p1".to_owned(),
                name: say(locale, "Celular da Ana", "Ana’s phone").into(),
                since: NOW - 8 * DAY,
            }],
            create_options: Some(
                r#"{"challenge":"Y2hhbGxlbmdl","rp":{"name":"Banco Aurora"},"user":{"id":"YW5h","name":"ana","displayName":"Ana"},"pubKeyCredParams":[{"type":"public-key","alg":-7}]}"#
                    .to_owned(),
            ),
            sealed: "c2VhbGVk".to_owned(),
        }),
        recovery: Some(Recovery { left: 7, fresh: Vec::new() }),
    }
}

fn accounts(locale: Locale) -> Vec<(&'static str, Response<Bytes>)> {
    let uri = "otpauth://totp/Banco%20Aurora:ana.moura@aurora.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Banco%20Aurora";
    let pending = Account {
        notice: None,
        problem: Some(Problem::WrongCode),
        totp: Totp::Pending(PendingTotp {
            uri: uri.to_owned(),
            secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP".to_owned(),
            sealed: "c2VhbGVk".to_owned(),
        }),
        recovery: Some(Recovery {
            left: 10,
            fresh: (0..10).map(|n| format!("k7q{n}-m2xd-9fh{n}")).collect(),
        }),
        ..account(locale)
    };
    let empty = Account {
        person: Person::new("bruno", "bruno"),
        notice: None,
        problem: Some(Problem::PasswordTooShort),
        devices: vec![Device {
            session: "a1".to_owned(),
            label: "Firefox · Linux".into(),
            since: NOW,
            last_seen: NOW,
            current: true,
        }],
        applications: Vec::new(),
        totp: Totp::Absent,
        passkeys: Some(Passkeys { list: Vec::new(), ..account(locale).passkeys.unwrap_or_default() }),
        recovery: Some(Recovery::default()),
        ..account(locale)
    };
    vec![
        ("account", account(locale).respond()),
        ("account-setting-up", pending.respond()),
        ("account-new", empty.respond()),
    ]
}

pub fn failure(locale: Locale, reason: FailureReason) -> Failure {
    Failure {
        frame: frame(locale),
        reason,
        support_code: "redirect_uri_not_registered".to_owned(),
        detail: Some(
            "redirect_uri is not one that this client registered; it is compared character by character.",
        ),
        next: None,
    }
}

fn messages(locale: Locale) -> Vec<(&'static str, Response<Bytes>)> {
    let next = || "/authorize?client_id=aurora".to_owned();
    let frame = || frame(locale);
    let sign_out =
        SignOut { frame: frame(), form: form(), leads_to: None, client: Some(client()), person: ana() };
    let signed_out = SignedOut { frame: frame(), frames: Vec::new(), next: None, client: None };
    let leaving = SignedOut {
        frame: frame(),
        frames: vec!["https://app.aurora.example/front?iss=a&sid=b".to_owned()],
        next: Some("https://app.aurora.example/tchau?a=1&b=2".to_owned()),
        client: Some(client()),
    };
    let form_post = FormPost {
        frame: frame(),
        action: CALLBACK.to_owned(),
        fields: vec![("code".to_owned(), "abc".to_owned()), ("state".to_owned(), "\"><script>".to_owned())],
        client: client(),
    };
    let unavailable =
        Failure { next: Some(next()), detail: None, ..failure(locale, FailureReason::Unavailable) };
    vec![
        ("sign-out", sign_out.respond()),
        ("signed-out", signed_out.respond()),
        ("signed-out-leaving", leaving.respond()),
        ("failure-address", failure(locale, FailureReason::Address).respond()),
        ("failure-application", failure(locale, FailureReason::Application).respond()),
        ("failure-unavailable", unavailable.respond()),
        ("expired", Expired { frame: frame(), next: next() }.respond()),
        ("cookies-off", CookiesOff { frame: frame(), next: next() }.respond()),
        ("too-many", TooMany { frame: frame(), seconds: 300, next: Some(next()) }.respond()),
        ("form-post", form_post.respond()),
    ]
}

fn demo_steps(locale: Locale) -> Vec<Shown> {
    let names = [
        say(locale, "Pedido", "Request"),
        say(locale, "Retorno", "Return"),
        say(locale, "Troca", "Exchange"),
        "Tokens",
        say(locale, "Renovação", "Refresh"),
        say(locale, "Perfil", "UserInfo"),
        say(locale, "Saída", "Logout"),
    ];
    names.into_iter().map(Shown::from).collect()
}

fn demo_request(locale: Locale) -> DemoStep {
    let row = |name: &str, value: &str, portuguese: &str, english: &str| Parameter {
        name: name.to_owned(),
        value: value.to_owned(),
        explanation: say(locale, portuguese, english).to_owned(),
    };
    DemoStep {
        frame: Frame::new(locale, "Chancela Sandbox", false),
        realm: "ABBYY Vantage".into(),
        number: 1,
        steps: demo_steps(locale),
        title: say(locale, "O pedido de autorização", "The authorization request").into(),
        explanation: vec![
            say(
                locale,
                "O aplicativo manda o navegador ao servidor de autorização. Tudo o que ele pede está neste endereço.",
                "The application sends the browser to the authorization server. All that it asks for stands in this address.",
            )
            .to_owned(),
        ],
        blocks: vec![Block::Parameters {
            caption: "GET http://127.0.0.1:8080/vantage/auth2/connect/authorize".to_owned(),
            rows: vec![
                row("client_id", "demo-6f1c", "Quem pede: o aplicativo cadastrado.", "Who asks: the registered application."),
                row(
                    "redirect_uri",
                    "http://127.0.0.1:8080/demo/callback",
                    "Para onde o navegador volta. O servidor compara letra por letra.",
                    "Where the browser returns. The server compares it letter by letter.",
                ),
                row(
                    "code_challenge",
                    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                    "Resumo SHA-256 de um segredo que só este aplicativo conhece (PKCE).",
                    "SHA-256 of a secret that only this application knows (PKCE).",
                ),
            ],
        }],
        actions: vec![
            Action {
                label: say(locale, "Ir para o login", "Go to the login").to_owned(),
                way: Way::Link("/authorize".to_owned()),
            },
            Action {
                label: say(locale, "Começar de novo", "Start again").to_owned(),
                way: Way::Send(Form::to("/demo/reset").with("csrf", "x")),
            },
        ],
        leads_to: None,
    }
}

fn demos(locale: Locale) -> Vec<(&'static str, Response<Bytes>)> {
    let realm = |title: &str, portuguese: &str, english: &str| DemoRealm {
        title: title.into(),
        summary: say(locale, portuguese, english).into(),
        address: "/demo/start".to_owned(),
        users: vec![("ana".into(), "ana-demo-2026".into()), ("bruno".into(), "bruno-demo-2026".into())],
    };
    let index = DemoIndex {
        frame: Frame::new(locale, "Chancela Sandbox", false).with_other_language("/demo?ui_locales=en"),
        realms: vec![
            realm(
                "OAuth 2.1",
                "OpenID Connect completo: PKCE, tokens ES256, renovação com troca e saída.",
                "All of OpenID Connect: PKCE, ES256 tokens, refresh with rotation, and logout.",
            ),
            realm(
                "ABBYY Vantage",
                "O fluxo da documentação do provedor, com productId e consentimento em três frases.",
                "The flow of the provider’s documentation, with productId and consent in three sentences.",
            ),
        ],
    };
    let exchange = DemoStep {
        number: 3,
        title: say(locale, "A troca do código por tokens", "The code becomes tokens").into(),
        explanation: vec![
            say(
                locale,
                "Longe do navegador, o aplicativo troca o código e prova, com o code_verifier, que foi ele quem fez o pedido.",
                "Away from the browser, the application exchanges the code and proves with the code_verifier that the request was its own.",
            )
            .to_owned(),
        ],
        blocks: vec![
            Block::Code {
                caption: say(locale, "O que o aplicativo enviou", "What the application sent").to_owned(),
                text: "POST /oauth/token HTTP/1.1\nHost: 127.0.0.1:8080\nAuthorization: Basic ZGVtbzpzZWNyZXQ=\nContent-Type: application/x-www-form-urlencoded\n\ngrant_type=authorization_code&code=chancela_code_Zk3kM0d1c2VkLW9uY2UtYW5kLXRoZW4tZ29uZQ&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
            },
            Block::Code {
                caption: say(locale, "O que o servidor respondeu", "What the server answered").to_owned(),
                text: "HTTP/1.1 200 OK\nCache-Control: no-store\n\n{\n  \"access_token\": \"eyJhbGciOiJFUzI1NiJ9…\",\n  \"token_type\": \"Bearer\",\n  \"expires_in\": 300\n}".to_owned(),
            },
        ],
        ..demo_request(locale)
    };
    vec![
        ("demo-index", index.respond()),
        ("demo-step-1", demo_request(locale).respond()),
        ("demo-step-3", exchange.respond()),
    ]
}

/// Every page, by name.
pub fn all(locale: Locale) -> Vec<(&'static str, Response<Bytes>)> {
    let groups = [logins, second_factors, consents, accounts, messages, demos];
    groups.into_iter().flat_map(|pages| pages(locale)).collect()
}
