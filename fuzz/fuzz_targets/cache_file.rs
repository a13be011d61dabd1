//! A file of the agent's cache: any bytes, and any text under a good seal, as an older or a newer version may have written.

#![no_main]

use chancela_agent::cache::{BootId, CacheKey, CacheKeys, open_record};
use chancela_agent::engine::TokenKey;
use chancela_core::secret::Secret;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static WORLD: LazyLock<(CacheKeys, Option<BootId>)> = LazyLock::new(|| {
    let key = CacheKey::from_secret(&Secret::new("0123456789abcdef".repeat(4))).expect("a good key");
    (CacheKeys::new(key, Vec::new()), BootId::new("this start"))
});

fuzz_target!(|data: &[u8]| {
    let (keys, boot) = &*WORLD;
    let token = TokenKey::of(&["a"]);
    assert!(open_record(data, &token, keys, boot.as_ref()).is_err(), "nobody has the key");
    let sealed = keys.seal(&token, data).expect("it can be sealed");
    assert_eq!(*keys.open(&token, &sealed).expect("our own seal"), data);
    let _ = open_record(&sealed, &token, keys, boot.as_ref());
    let cut = data.len() % sealed.len();
    assert!(open_record(&sealed[..cut], &token, keys, boot.as_ref()).is_err(), "a part of a file");
});
