//! Authorization codes as text: a code's id under a MAC. Nothing of the text is stored, so whoever reads the store
//! learns no code (requirement E-06), and a guessed one costs no look-up.

use crate::id::CodeId;
use crate::pepper::{MacPurpose, Pepper};
use aws_lc_rs::constant_time;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};

const BODY: usize = 16;
const LENGTH: usize = BODY + 32;

/// The text of the code `id`.
pub fn encode(id: CodeId, pepper: &Pepper) -> String {
    let mut bytes = [0; LENGTH];
    bytes[..BODY].copy_from_slice(&id.0);
    bytes[BODY..].copy_from_slice(&pepper.mac(MacPurpose::AuthorizationCode, &id.0));
    BASE64URL.encode(bytes)
}

/// The code of this text; `None` unless it was made here.
pub fn parse(text: &str, pepper: &Pepper) -> Option<CodeId> {
    let mut bytes = [0; LENGTH];
    if BASE64URL.decode_slice(text, &mut bytes).ok()? != LENGTH {
        return None;
    }
    let mut id = [0; BODY];
    id.copy_from_slice(&bytes[..BODY]);
    let mac = pepper.mac(MacPurpose::AuthorizationCode, &id);
    constant_time::verify_slices_are_equal(&mac, &bytes[BODY..]).ok()?;
    Some(CodeId(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// CD-04.
        #[test]
        fn a_code_reads_back_and_no_other_text_does(id: [u8; 16], at in 0_usize..64) {
            let pepper = Pepper::from_root(&[1; 32]);
            let text = encode(CodeId(id), &pepper);
            prop_assert_eq!(parse(&text, &pepper), Some(CodeId(id)));
            prop_assert_eq!(parse(&text, &Pepper::from_root(&[2; 32])), None);
            let mut other = text.into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            prop_assert_eq!(parse(std::str::from_utf8(&other).unwrap(), &pepper), None);
        }
    }
}
