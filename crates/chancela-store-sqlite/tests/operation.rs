//! What an operator meets: a second process, damaged and newer files, a full queue, a full disk's cousin, backups, and
//! a bucket of a million expired tokens.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::panic)]

use chancela_core::effect::Effect;
use chancela_core::id::ClientKey;
use chancela_core::record::{AccessToken, CertificateStatus, ClientCertificate, Revocation, Revoked, Spent};
use chancela_core::secret::hex;
use chancela_core::time::Timestamp;
use chancela_store::conformance::samples::{
    NOW, Random, certificate, client, code, crl, grant, grant_id, insert, key, put, put_certificate,
    put_consent, put_session, put_user, revoke, session, spend, tag, token, user,
};
use chancela_store::conformance::{committed, conflict};
use chancela_store::{Store, StoreError};
use chancela_store_sqlite::{MAX_LIFETIME, OpenError, Options, SqliteStore};
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn open(directory: &TempDir) -> SqliteStore {
    SqliteStore::open(directory.path(), Options::default()).unwrap()
}

fn refusal(directory: &Path) -> OpenError {
    SqliteStore::open(directory, Options::default()).unwrap_err()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(future)
}

fn database(directory: &TempDir) -> Connection {
    Connection::open(directory.path().join("chancela.db")).unwrap()
}

#[test]
fn a_second_opener_is_refused_until_the_first_closes() {
    let directory = TempDir::new().unwrap();
    let first = open(&directory);
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::LockedByAnotherProcess(_)), "{refused}");
    assert!(refused.to_string().contains("stop that process"));
    drop(first);
    drop(open(&directory));
}

#[test]
fn a_newer_schema_is_refused_with_both_numbers() {
    let directory = TempDir::new().unwrap();
    drop(open(&directory));
    database(&directory).pragma_update(None, "user_version", 99).unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::SchemaTooNew { found: 99, known: 3 }), "{refused}");
    assert!(refused.to_string().contains("newer program"));
}

#[test]
fn a_changed_migration_is_refused() {
    let directory = TempDir::new().unwrap();
    drop(open(&directory));
    database(&directory).execute("UPDATE migration SET checksum = 'x'", []).unwrap();
    assert!(matches!(refusal(directory.path()), OpenError::MigrationChanged(1)));
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let directory = TempDir::new().unwrap();
    database(&directory).execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(refusal(directory.path()), OpenError::NotAStore(_)));
    let tables: i64 =
        database(&directory).query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_file_that_is_no_database_is_called_damaged() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("chancela.db"), "not a database at all".repeat(500)).unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::Corrupt(_)), "{refused}");
    assert!(refused.to_string().contains("restore a backup"));
}

/// The log that a crash leaves behind is what asks for the check.
#[test]
fn damage_is_found_after_an_unclean_stop() {
    let directory = TempDir::new().unwrap();
    let copy = TempDir::new().unwrap();
    let store = open(&directory);
    block_on(async {
        for n in 0..2000 {
            let effects = vec![Effect::InsertGrant(grant(n)), put(&client(n, &n.to_string()), None)];
            committed(&store, effects).await;
        }
    });
    drop(store);
    let store = open(&directory);
    block_on(committed(&store, vec![Effect::InsertGrant(grant(9999))]));
    for file in ["chancela.db", "chancela.db-wal"] {
        std::fs::copy(directory.path().join(file), copy.path().join(file)).unwrap();
    }
    drop(SqliteStore::open(copy.path(), Options::default()).unwrap()); // a crash alone is no damage
    for file in ["chancela.db", "chancela.db-wal"] {
        std::fs::copy(directory.path().join(file), copy.path().join(file)).unwrap();
    }
    let path = copy.path().join("chancela.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let last_quarter = bytes.len() / 4096 * 3 / 4 * 4096;
    bytes[last_quarter..last_quarter + 8192].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let refused = refusal(copy.path());
    assert!(matches!(refused, OpenError::Corrupt(_)), "{refused}");
}

#[test]
fn files_are_for_their_owner_alone() {
    let parent = TempDir::new().unwrap();
    let directory = parent.path().join("deep/store");
    let store = SqliteStore::open(&directory, Options::default()).unwrap();
    block_on(store.probe()).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for file in ["chancela.db", "chancela.db-wal", "chancela.db-shm", "chancela.lock"] {
        assert_eq!(mode(&directory.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_full_queue_answers_overloaded_and_recovers() {
    let directory = TempDir::new().unwrap();
    let options = Options { queue_limit: 8 };
    let store = Arc::new(SqliteStore::open(directory.path(), options).unwrap());
    let blocker = database(&directory);
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap(); // the writer waits for this one
    block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..100 {
            let store = Arc::clone(&store);
            tasks.spawn(async move { store.commit(vec![insert(&token(n, NOW, 300))]).await });
            if n == 0 {
                tokio::time::sleep(Duration::from_millis(300)).await; // the writer has taken it, and waits
            }
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let refused = store.commit(vec![insert(&token(1000, NOW, 300))]).await;
        assert!(matches!(refused, Err(StoreError::Overloaded)), "{refused:?}");
        blocker.execute_batch("ROLLBACK").unwrap();
        let answers = tasks.join_all().await;
        let overloaded =
            answers.iter().filter(|answer| matches!(answer, Err(StoreError::Overloaded))).count();
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!((done, overloaded), (9, 91));
        committed(&*store, vec![insert(&token(1000, NOW, 300))]).await;
    });
}

#[test]
fn a_token_that_lives_too_long_is_refused_alone() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory);
    block_on(async {
        let too_long = token(1, NOW, MAX_LIFETIME + 1);
        assert!(matches!(store.commit(vec![insert(&too_long)]).await, Err(StoreError::Engine(_))));
        committed(&store, vec![insert(&token(2, NOW, MAX_LIFETIME))]).await;
        assert_eq!(store.failure(), None);
    });
}

#[test]
fn damage_that_a_read_meets_stops_the_store() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory);
    block_on(async {
        for n in 0..500 {
            committed(&store, vec![Effect::InsertGrant(grant(n))]).await;
        }
    });
    drop(store);
    let path = directory.path().join("chancela.db");
    let root: i64 = database(&directory)
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'grant'", [], |row| row.get(0))
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let start = usize::try_from((root - 1) * 4096).unwrap();
    bytes[start..start + 4096].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let store = open(&directory); // a clean stop: nobody looked
    block_on(async {
        assert!(store.grant(grant(1).id).await.is_err());
        assert!(store.failure().is_some());
        assert!(store.commit(vec![insert(&token(1, NOW, 300))]).await.is_err());
        assert!(store.probe().await.is_err());
    });
}

#[test]
fn a_backup_made_under_load_opens_as_a_store() {
    let (directory, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = Arc::new(open(&directory));
    block_on(async {
        committed(&*store, vec![put(&client(1, "a"), None), Effect::InsertKey(key("k"))]).await;
        let (maria, code) = (user("", "maria"), Effect::InsertAuthorizationCode(code(1)));
        committed(&*store, vec![put_user(&maria, None), code, spend(1, Spent::Burnt), revoke(1, NOW + 9)])
            .await;
        committed(&*store, vec![put_session(&session(1, "maria"), None), put_consent("maria", 1, "a")]).await;
        let stop = Arc::new(AtomicBool::new(false));
        let (issuer, stopped) = (Arc::clone(&store), Arc::clone(&stop));
        let issuing = tokio::spawn(async move {
            for n in 0.. {
                if stopped.load(Relaxed) {
                    return;
                }
                committed(&*issuer, vec![insert(&token(n, NOW, 300)), Effect::InsertGrant(grant(n))]).await;
            }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        store.backup(&other.path().join("chancela.db")).await.unwrap();
        assert!(store.backup(&other.path().join("chancela.db")).await.is_err(), "never over another file");
        stop.store(true, Relaxed);
        issuing.await.unwrap();
    });
    let copy = open(&other);
    block_on(async {
        assert_eq!(copy.clients().await.unwrap(), [client(1, "a")]);
        assert_eq!(copy.users("bank", None, 9).await.unwrap(), [user("", "maria")]);
        assert_eq!(copy.sessions_of("bank", "maria").await.unwrap(), [session(1, "maria")]);
        assert_eq!(copy.consents_of("bank", "maria").await.unwrap().len(), 1);
        assert_eq!(copy.revocations(Timestamp::from_seconds(NOW)).await.unwrap().len(), 1);
        conflict(&copy, vec![spend(1, Spent::Burnt)]).await;
        let mut kept = 0;
        while copy.access_token(token(kept, NOW, 300).key).await.unwrap().is_some() {
            assert!(copy.grant(grant(kept).id).await.unwrap().is_some());
            kept += 1;
        }
        assert!(kept > 0 && copy.grant(grant(kept).id).await.unwrap().is_none());
    });
}

#[test]
fn views_show_an_auditor_everything_but_secrets() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory);
    let (subject, client_key) = ("maria".into(), Some(ClientKey(5)));
    let at_client = Revoked::Subject { subject, client: client_key, issued_before: NOW };
    let effects = vec![
        put(&client(5, "a"), None),
        put_user(&user("acme", "maria"), None),
        Effect::InsertKey(key("k")),
        Effect::InsertGrant(grant(1)),
        Effect::InsertAuthorizationCode(code(1)),
        spend(1, Spent::Redeemed(grant_id(1))),
        put_session(&session(1, "sub-acme-maria"), None),
        put_consent("sub-acme-maria", 5, "openid"),
        revoke(1, NOW + 9),
        Effect::Revoke(Revocation { what: at_client, expires_at: NOW + 9 }),
        put_certificate(&certificate(1), None),
        put_certificate(&ClientCertificate { status: CertificateStatus::Refused, ..certificate(2) }, None),
        Effect::PutCrl(crl("k", 0x0123)),
        Effect::Revoke(Revocation { what: Revoked::Certificate([0x51; 32]), expires_at: NOW + 9 }),
    ];
    block_on(committed(&store, effects));
    let connection = database(&directory);
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON").unwrap();
    for (view, expected) in [
        ("audit_client", "Padaria São João"),
        ("audit_user", "maria"),
        ("audit_key", "ES256"),
        ("audit_grant", "bank"),
        ("audit_authorization_code", "redeemed"),
        ("audit_session", "Firefox · Linux"),
        ("audit_consent", "openid"),
        ("audit_revocation", "maria"),
        ("audit_revocation", &"51".repeat(32)),
        ("audit_certificate", "CN=Padaria São João,C=BR"),
        ("audit_certificate", "issued"),
        ("audit_certificate", "refused"),
        ("audit_crl", "0000000000000123"),
    ] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {view}")).unwrap();
        let columns = statement.column_count();
        let (mut rows, mut values) = (statement.query([]).unwrap(), Vec::new());
        while let Some(row) = rows.next().unwrap() {
            values.extend((0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column).unwrap()));
        }
        assert!(values.contains(&expected.to_owned().into()), "{view}: {values:?}");
        let text = format!("{values:?}").to_lowercase();
        for digest in ["argon2", "0909", "c2vhbgvk", "a5a5", "165, 165", &hex(&tag(1)[..8])] {
            // A token's id is no digest of a secret: it is known by what was signed.
            let token_id = view == "audit_revocation" && digest == hex(&tag(1)[..8]);
            assert!(token_id || !text.contains(digest), "{view}: {text}");
        }
    }
}

/// Nobody called `expire` for a lap: the writer makes room itself.
#[test]
fn a_table_that_still_holds_the_last_lap_is_emptied_by_the_first_insert() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory);
    block_on(async {
        for lap in 0..3 {
            let old: Vec<AccessToken> = (0..100).map(|n| token(n, NOW + lap * 4096, 300)).collect();
            committed(&store, old.iter().map(insert).collect()).await;
            let new = token(7, NOW + (lap + 1) * 4096, 300);
            committed(&store, vec![insert(&new)]).await;
            for token in old {
                assert_eq!(store.access_token(token.key).await.unwrap(), None);
            }
            assert_eq!(store.access_token(new.key).await.unwrap(), Some(new));
        }
    });
    let rows: i64 = (0..128)
        .map(|slot| format!("SELECT count(*) FROM access_short_{slot:03}"))
        .map(|sql| database(&directory).query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap())
        .sum();
    assert_eq!(rows, 1, "earlier laps are gone");
}

/// A table is emptied whole only where that is short, counted or (after a start) not.
#[test]
fn a_large_bucket_goes_in_slices() {
    let directory = TempDir::new().unwrap();
    for restart in [false, true] {
        let store = open(&directory);
        let tokens: Vec<AccessToken> = (0..50_000).map(|n| token(n, NOW - 2000, 300)).collect();
        block_on(async {
            for list in tokens.chunks(5000) {
                committed(&store, list.iter().map(insert).collect()).await;
            }
        });
        let store = if restart {
            drop(store);
            open(&directory)
        } else {
            store
        };
        block_on(async {
            let (mut calls, mut more) = (Vec::new(), true);
            while more {
                let expired = store.expire(Timestamp::from_seconds(NOW)).await.unwrap();
                calls.push(expired.rows);
                more = expired.more;
            }
            assert_eq!(calls.iter().sum::<u64>(), 50_000);
            let (last, slices) = calls.split_last().unwrap();
            let (last, slices) = if *last == 0 { slices.split_last().unwrap() } else { (last, slices) };
            assert!(slices.iter().all(|rows| *rows == 2000), "{calls:?}");
            assert!(if restart { *last <= 2000 } else { *last == 40_000 }, "{calls:?}");
            for token in tokens {
                assert_eq!(store.access_token(token.key).await.unwrap(), None);
            }
        });
    }
}

/// Times are printed, not judged: they belong to the machine.
#[test]
fn a_million_expired_tokens_go_while_others_are_issued() {
    const BATCH: u64 = 5000;
    let directory = TempDir::new().unwrap();
    let store = Arc::new(open(&directory));
    let mut random = Random(1);
    block_on(async {
        let mut samples: Vec<AccessToken> = Vec::new();
        for _ in 0..1_000_000 / BATCH {
            let mut list = Vec::new();
            for _ in 0..BATCH {
                let n = random.word();
                let mut token = token(n, NOW - 2000, 300);
                token.key.tick = (token.key.tick >> 11 << 11) + (n % 2048).cast_signed(); // one bucket
                list.push(insert(&token));
                samples.extend(n.is_multiple_of(10_000).then_some(token));
            }
            committed(&*store, list).await;
        }
        assert!(store.access_token(samples[0].key).await.unwrap().is_some());
        let stop = Arc::new(AtomicBool::new(false));
        let (issuer, stopped) = (Arc::clone(&store), Arc::clone(&stop));
        let issuing = tokio::spawn(async move {
            let (mut issued, mut slowest) = (0, Duration::ZERO);
            while !stopped.load(Relaxed) {
                let start = Instant::now();
                committed(&*issuer, vec![insert(&token(issued, NOW, 300))]).await;
                slowest = slowest.max(start.elapsed());
                issued += 1;
            }
            (issued, slowest)
        });
        let (start, mut rows, mut slices) = (Instant::now(), 0, 0);
        loop {
            let expired = store.expire(Timestamp::from_seconds(NOW)).await.unwrap();
            (rows, slices) = (rows + expired.rows, slices + 1);
            if !expired.more {
                break;
            }
        }
        let took = start.elapsed();
        stop.store(true, Relaxed);
        let (issued, slowest) = issuing.await.unwrap();
        println!("{rows} rows in {took:?}, {slices} slices; {issued} issued meanwhile, slowest {slowest:?}");
        assert_eq!(rows, 1_000_000);
        for token in samples {
            assert_eq!(store.access_token(token.key).await.unwrap(), None);
        }
        for n in 0..issued {
            assert!(store.access_token(token(n, NOW, 300).key).await.unwrap().is_some());
        }
    });
}
