//! Files with a key of 32 bytes as 64 hexadecimal digits, which nobody but the server's user may read.

use super::ConfigError;
use chancela_core::secret::from_hex;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Reads the file that the configuration's `key` names.
///
/// # Errors
/// [`ConfigError`] that says what to do.
pub fn read_key_file(key: &str, path: &Path) -> Result<Zeroizing<[u8; 32]>, ConfigError> {
    let shown = path.display();
    let at = |error: std::io::Error| {
        ConfigError(format!("{key}: {shown}: {error}; make it with: openssl rand -hex 32"))
    };
    let mode = fs::metadata(path).map_err(at)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(ConfigError(format!(
            "{key}: {shown} can be read by others (mode {mode:o}); run: chmod 0400 {shown}"
        )));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(at)?);
    let read = from_hex::<32>(text.trim()).ok_or_else(|| {
        ConfigError(format!(
            "{key}: {shown} is not 64 hexadecimal digits; make it with: openssl rand -hex 32"
        ))
    })?;
    Ok(Zeroizing::new(read))
}
