//! Six base62 digits of CRC-32 at the end of this server's own tokens and secrets: scanners can tell real from random
//! without asking, and junk is refused before any look-up. It is no security.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 6;
const TABLE: [u32; 256] = table();

/// Appends the checksum of `text` to it.
pub fn append(text: &mut String) {
    text.push_str(&digits(text.as_bytes()));
}

/// `text` without its checksum; `None` if it is not the right one.
pub fn strip(text: &str) -> Option<&str> {
    let at = text.len().checked_sub(LENGTH)?;
    let (body, sum) = (text.get(..at)?, text.get(at..)?);
    (digits(body.as_bytes()) == sum).then_some(body)
}

fn digits(bytes: &[u8]) -> String {
    let mut rest = !bytes.iter().fold(!0_u32, |sum, byte| {
        let index = (sum ^ u32::from(*byte)) & 0xff;
        TABLE[index as usize] ^ (sum >> 8)
    });
    let mut out = [b'0'; LENGTH];
    for digit in out.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    out.iter().copied().map(char::from).collect()
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_that_of_the_check_value() {
        // CRC-32/ISO-HDLC of "123456789" is cbf43926, in base62 3jm3GA with 62^6 > 2^32.
        let mut text = String::from("123456789");
        append(&mut text);
        let value = text[9..]
            .bytes()
            .fold(0_u64, |sum, digit| sum * 62 + DIGITS.iter().position(|d| *d == digit).unwrap() as u64);
        assert_eq!(value, 0xcbf4_3926);
        assert_eq!(strip(&text), Some("123456789"));
    }

    #[test]
    fn cut_changed_or_foreign_texts_are_refused() {
        let mut text = String::from("chancela_at_abc");
        append(&mut text);
        assert_eq!(strip(&text[1..]), None);
        assert_eq!(strip(&format!("{text}0")), None);
        assert_eq!(strip("é"), None);
        assert_eq!(strip(""), None);
    }
}
