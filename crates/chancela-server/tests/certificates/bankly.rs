//! The four steps of one provider's onboarding: a token, a certificate with a key that the bank makes, a registered
//! client, and its token over mutual TLS.

use super::*;
use chancela_core::x509::{decode_pem, decrypt_private_key};
use chancela_server::control::NewClient;
use serde_json::{Value, json};

const KEY: &str = "2b1c9b1e-6b1f-4d07-9a5e-000000000001";
const PASSPHRASE: &str = "Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!";

struct Partner {
    world: World,
    client: ClientFacts,
}

impl Partner {
    async fn open() -> Self {
        Self::of(KEY).await
    }

    async fn of(organization: &str) -> Self {
        let world = World::open(vec![RealmPlan::bankly().with_mtls(&[])]).await;
        let new = NewClient {
            organization: Some(organization.into()),
            token_endpoint: Some("token".into()),
            ..new_client("certificate.create boleto.read pix.cashout.create")
        };
        let client = world.client("bankly", new).await;
        Self { world, client }
    }

    async fn token(&self, scope: &str) -> String {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &*self.client.id),
            ("client_secret", &*self.client.secret),
            ("scope", scope),
        ];
        Ask::form("/bankly/connect/token", &fields).send(&self.world).await.token()
    }

    async fn order(&self, organization: &str, body: &Value) -> Answer {
        let ask = Ask::json(&format!("/bankly/partners/{organization}/certificates"), body.to_string());
        ask.bearer(&self.token("certificate.create").await).send(&self.world).await
    }

    /// The second step: what the bank sends, and what a connection shows with it.
    async fn certificate(&self) -> (Answer, Holder) {
        let answer = self.order(KEY, &json!({ "passphrase": PASSPHRASE, "ttlInDays": 365 })).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let chain = vec![decode_pem("CERTIFICATE", &answer.text("certificate")).unwrap().to_vec()];
        let serial = answer.text("uuid").replace('-', "");
        (answer, Holder { key: KeyPair::generate().unwrap(), chain, serial })
    }
}

fn names(answer: &Answer) -> Vec<String> {
    answer.json().as_object().unwrap().keys().cloned().collect()
}

/// Members in the order that the provider's clients know; the key is the certificate's, by OpenSSL too.
#[tokio::test]
async fn the_four_steps_end_in_a_bound_token() {
    let partner = Partner::open().await;
    let (answer, holder) = partner.certificate().await;
    assert_eq!(
        names(&answer),
        ["certificate", "certificateChain", "subjectDn", "privateKey", "passphrase", "uuid"]
    );
    assert_eq!(answer.text("passphrase"), PASSPHRASE);
    assert!(answer.text("privateKey").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    decrypt_private_key(&answer.text("privateKey"), PASSPHRASE).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (file, member) in [("c.pem", "certificate"), ("k.pem", "privateKey")] {
        std::fs::write(folder.path().join(file), answer.text(member)).unwrap();
    }
    let of_key = openssl(folder.path(), &format!("pkey -in k.pem -passin pass:{PASSPHRASE} -pubout"));
    assert_eq!(of_key, openssl(folder.path(), "x509 -in c.pem -noout -pubkey"));

    let body = json!({
        "grant_types": ["client_credentials"],
        "tls_client_auth_subject_dn": answer.text("subjectDn"),
        "token_endpoint_auth_method": "tls_client_auth",
        "response_types": ["access_token"],
        "company_key": KEY,
        "scope": "boleto.read",
    });
    let ask = Ask::json("/bankly/oauth2/register", body.to_string()).showing(&holder);
    let registered = ask.send(&partner.world).await;
    assert_eq!(registered.status, 201, "{}", registered.body);
    assert_eq!(
        names(&registered),
        [
            "grant_types",
            "subject_type",
            "tls_client_auth_subject_dn",
            "registration_client_uri",
            "company_key",
            "registration_access_token_expires_in",
            "registration_access_token",
            "client_id",
            "token_endpoint_auth_method",
            "require_proof_key",
            "scope",
            "token_endpoint_auth_methods",
            "client_id_issued_at",
            "access_token_ttl",
            "response_types",
        ]
    );
    assert_eq!(registered.text("company_key"), KEY);
    assert_eq!(registered.text("tls_client_auth_subject_dn"), answer.text("subjectDn"));

    let id = registered.text("client_id");
    let fields = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("scope", "boleto.read")];
    let ask = Ask::form("/bankly/oauth2/token", &fields);
    let token = ask.clone().showing(&holder).send(&partner.world).await;
    assert_eq!(names(&token), ["access_token", "token_type", "scope", "expires_in", "claims"]);
    assert_eq!(token.text("claims"), "company_key");
    let cnf = crate::support::claims(&token.token())["cnf"]["x5t#S256"].clone();
    assert_eq!(cnf, json!(holder.thumbprint()));
    assert_eq!(ask.send(&partner.world).await.refusal(), (403, "invalid_client".into()), "no certificate");
}

/// What an organization may be called is not all that may stand in a path.
#[tokio::test]
async fn an_organization_with_spaces_and_accents_orders_below_its_name() {
    let partner = Partner::of("Padaria São João 100%").await;
    let body = json!({ "passphrase": PASSPHRASE, "ttlInDays": 90 });
    for (named, expected) in [
        ("Padaria%20S%C3%A3o%20Jo%C3%A3o%20100%25", 201),
        ("Padaria%20s%C3%A3o%20jo%C3%A3o%20100%25", 403),
        ("Padaria+S%C3%A3o+Jo%C3%A3o+100%25", 403),
        ("Padaria%20S%E3o%20Jo%E3o%20100%25", 403),
        ("Padaria%20Sa%CC%83o%20Joa%CC%83o%20100%25", 403),
        ("Padaria%2520S%25C3%25A3o%2520Jo%25C3%25A3o%2520100%2525", 403),
    ] {
        let answer = partner.order(named, &body).await;
        assert_eq!(answer.status, expected, "{named} {}", answer.body);
    }
}

/// The rule is named, what was sent is not.
#[tokio::test]
async fn a_weak_passphrase_is_refused_by_its_rule() {
    let partner = Partner::open().await;
    let only = |characters: &str| characters.repeat(64 / characters.len() + 1);
    for weak in
        [PASSPHRASE[..63].to_owned(), only("a1!"), only("A1!"), only("Aa!"), only("Aa1"), String::new()]
    {
        let answer = partner.order(KEY, &json!({ "passphrase": weak })).await;
        assert_eq!(answer.status, 400, "{weak}");
        assert!(answer.body.contains("64"), "{}", answer.body);
        assert!(weak.is_empty() || !answer.body.contains(&weak));
    }
    assert_eq!(partner.order(KEY, &json!({})).await.status, 400);
    assert_eq!(partner.order(KEY, &json!({ "passphrase": 1 })).await.status, 400);
    let kept = partner.world.server.store.certificates(partner.world.clock.now()).await.unwrap();
    assert!(kept.is_empty());
}

#[tokio::test]
async fn a_lifetime_outside_the_documented_days_is_refused() {
    let partner = Partner::open().await;
    for days in [json!(0), json!(366), json!("1"), json!(1.5)] {
        let answer = partner.order(KEY, &json!({ "passphrase": PASSPHRASE, "ttlInDays": days })).await;
        assert_eq!(answer.status, 400, "{days} {}", answer.body);
        assert!(answer.body.contains("365"), "{}", answer.body);
    }
    let answer = partner.order(KEY, &json!({ "passphrase": PASSPHRASE, "ttlInDays": 1 })).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

/// A key costs more than everything else here: whoever has too many certificates gets none made. The limit answers while
/// nothing can be made at all.
#[tokio::test]
async fn no_key_is_made_for_a_client_at_its_limit() {
    let partner = Arc::new(Partner::open().await);
    for _ in 0..2 {
        partner.certificate().await;
    }
    let places = std::thread::available_parallelism().unwrap().get();
    let busy: Vec<_> = (0..places)
        .map(|_| {
            let (partner, (release, released)) = (Arc::clone(&partner), std::sync::mpsc::channel::<()>());
            let working = async move { partner.world.server.passwords.work(move || released.recv()).await };
            (tokio::spawn(working), release)
        })
        .collect();
    tokio::task::yield_now().await;
    let body = json!({ "passphrase": PASSPHRASE });
    let order = partner.order(KEY, &body);
    let answer =
        tokio::time::timeout(std::time::Duration::from_secs(30), order).await.expect("no key is made");
    assert_eq!(answer.status, 409, "{}", answer.body);
    for (working, release) in busy {
        release.send(()).unwrap();
        assert!(working.await.unwrap().is_some());
    }
}

/// Many at once are no way around the limit, nor to more keys than certificates.
#[tokio::test]
async fn of_many_orders_at_once_two_are_carried_out() {
    let partner = Arc::new(Partner::open().await);
    let orders: Vec<_> = (0..8)
        .map(|_| {
            let partner = Arc::clone(&partner);
            tokio::spawn(async move { partner.order(KEY, &json!({ "passphrase": PASSPHRASE })).await.status })
        })
        .collect();
    let mut made = 0;
    for order in orders {
        match order.await.unwrap().as_u16() {
            201 => made += 1,
            other => assert_eq!(other, 409),
        }
    }
    assert_eq!(made, 2);
}

/// CE-07: the company's name in the path is the token's own, or nothing.
#[tokio::test]
async fn another_companys_path_is_refused() {
    let partner = Partner::open().await;
    let body = json!({ "passphrase": PASSPHRASE });
    for organization in ["another", "2b1c9b1e-6b1f-4d07-9a5e-000000000002"] {
        let answer = partner.order(organization, &body).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
    }
    let ask = Ask::json(&format!("/bankly/partners/{KEY}/certificates"), body.to_string());
    let narrow = ask.bearer(&partner.token("boleto.read").await).send(&partner.world).await;
    assert_eq!(narrow.status, 403, "{}", narrow.body);
}

/// The key is in the one answer, and nowhere else.
#[tokio::test]
async fn neither_key_nor_passphrase_is_kept() {
    let partner = Partner::open().await;
    let (answer, holder) = partner.certificate().await;
    let get = Ask::get(&format!("/bankly/certificates/{}", holder.serial));
    let shown = get.bearer(&partner.token("certificate.create").await).send(&partner.world).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(names(&shown), ["certificate", "certificateChain", "subjectDn", "uuid"]);
    let kept = partner.world.server.store.certificates(partner.world.clock.now()).await.unwrap();
    let kept = format!("{kept:?}");
    assert!(!kept.contains(PASSPHRASE) && !kept.contains("PRIVATE"), "{kept}");
    assert_eq!(shown.text("certificate"), answer.text("certificate"));
}

/// As some clients of the provider write it.
#[tokio::test]
async fn a_registration_may_be_a_form() {
    let partner = Partner::open().await;
    let (answer, holder) = partner.certificate().await;
    let fields = [
        ("grant_types[0]", "client_credentials"),
        ("tls_client_auth_subject_dn", &answer.text("subjectDn")),
        ("token_endpoint_auth_method", "tls_client_auth"),
        ("response_types[0]", "access_token"),
        ("company_key", KEY),
        ("scope", "boleto.read"),
    ];
    let ask = Ask::form("/bankly/oauth2/register", &fields).showing(&holder);
    let registered = ask.send(&partner.world).await;
    assert_eq!(registered.status, 201, "{}", registered.body);
    assert_eq!(registered.json()["grant_types"], json!(["client_credentials"]));
}
