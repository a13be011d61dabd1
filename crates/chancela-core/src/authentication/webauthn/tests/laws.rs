//! What holds of every answer.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

proptest! {
    /// Nobody logs in with an answer of which any byte is another.
    #[test]
    fn an_altered_answer_is_refused(member in 0_usize..3, at in 0_usize..400, by in 1_u8..=255) {
        let (_, got) = specified(&NONE_ES256);
        let (created, challenge) = (specified(&NONE_ES256).0, bytes(NONE_ES256.registration_challenge));
        let registered =
            registration::verify(&created, &party(), &challenge, UserVerification::Preferred).unwrap();
        let user = registered.add_to(&user(), "Key", NOW).unwrap();
        let mut json: Value = serde_json::from_str(&got).unwrap();
        let name = ["clientDataJSON", "authenticatorData", "signature"][member];
        let mut altered = BASE64URL.decode(json["response"][name].as_str().unwrap()).unwrap();
        let at = at % altered.len();
        altered[at] ^= by;
        json["response"][name] = BASE64URL.encode(altered).into();
        let response = Response::parse(&json.to_string()).unwrap();
        let challenge = bytes(NONE_ES256.assertion_challenge);
        prop_assert!(response.verify(&party(), &user, &challenge, UserVerification::Preferred).is_err());
    }

    #[test]
    fn any_text_and_any_object_give_an_answer_or_a_refusal(
        text in "\\PC{0,80}", object in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        let _ = Response::parse(&text);
        let _ = registration::verify(&text, &party(), b"c", UserVerification::Preferred);
        let client_data = json!({ "type": "webauthn.create", "challenge": "Yw", "origin": "https://example.org" });
        let json = json!({ "type": "public-key", "response": {
            "clientDataJSON": BASE64URL.encode(client_data.to_string()),
            "attestationObject": BASE64URL.encode(object),
        } });
        prop_assert!(registration::verify(&json.to_string(), &party(), b"c", UserVerification::Preferred).is_err());
    }
}
