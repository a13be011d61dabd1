//! What a person's new password must be (NIST SP 800-63B §5.1.1.2): long, and not what everybody tries first. No rules
//! about kinds of characters: they make passwords worse.

/// Fewest characters.
pub const MIN_CHARACTERS: u32 = 10;

/// Beginnings of what lists of leaked passwords have in front, of ten characters and more, or on which such are built.
const COMMON: [&str; 28] = [
    "0123456789",
    "1234567890",
    "0987654321",
    "9876543210",
    "1q2w3e4r5t",
    "qwertyuiop",
    "qwerty1234",
    "qwerty12345",
    "asdfghjkl",
    "zxcvbnm",
    "password",
    "passw0rd",
    "p@ssw0rd",
    "senha",
    "s3nha",
    "minhasenha",
    "mudar",
    "trocar",
    "changeme",
    "letmein",
    "welcome",
    "bemvindo",
    "admin",
    "iloveyou",
    "teamo",
    "flamengo",
    "corinthians",
    "palmeiras",
];

/// Whether `password` is the first that anybody would try for `username`.
pub fn is_common(password: &str, username: &str) -> bool {
    let lower = password.to_lowercase();
    let name = username.split('@').next().unwrap_or(username).to_lowercase();
    let bare = lower.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    let first = lower.chars().next();
    let one_character = lower.chars().all(|c| Some(c) == first);
    let known = COMMON.iter().any(|common| lower == *common || bare == *common);
    let named = name.chars().count() >= 4 && bare == name;
    one_character || known || named
}

#[cfg(test)]
mod tests {
    use super::is_common;

    #[test]
    fn what_everybody_tries_first_is_common_and_a_sentence_is_not() {
        for common in
            ["1234567890", "Senha2026!!", "aaaaaaaaaaaa", "Password123", "alice.silva99", "Flamengo2026"]
        {
            assert!(is_common(common, "alice.silva@example.com"), "{common}");
        }
        for good in ["correct horse battery", "a senha da padaria", "flamengo perde no domingo", "x9$kLm2#pQ"]
        {
            assert!(!is_common(good, "alice.silva@example.com"), "{good}");
        }
    }
}
