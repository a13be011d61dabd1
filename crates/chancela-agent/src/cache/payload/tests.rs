//! Every record comes back, and nothing else is read.

use super::*;
use crate::engine::SECOND;
use proptest::option;
use proptest::prelude::*;

fn boot(name: &str) -> BootId {
    BootId::new(name).unwrap()
}

fn lives() -> impl Strategy<Value = engine::Life> {
    (any::<i64>(), any::<i64>(), any::<i64>())
        .prop_map(|(wall, boot, length)| engine::Life::new(Moment { wall, boot }, length))
}

prop_compose! {
    fn tokens()(
        text in "\\PC{0,40}|[\\x00-\\x7f]{0,40}", token_type in option::of("\\PC{0,9}"), life in lives(),
        scope in option::of("\\PC{0,40}"),
    ) -> Arc<engine::Issued> {
        let fingerprint = Fingerprint::of(&text);
        Arc::new(engine::Issued { access_token: Secret::new(text), fingerprint, token_type, life, scope })
    }
}

prop_compose! {
    fn sessions()(
        text in "\\PC{0,40}", login_at in any::<i64>(), refreshed_at in any::<i64>(),
        not_before in option::of(any::<i64>()), expires_at in option::of(any::<i64>()),
    ) -> engine::Session {
        engine::Session { refresh_token: Secret::new(text), login_at, refreshed_at, not_before, expires_at }
    }
}

prop_compose! {
    fn journals()(spent in any::<[u8; 8]>(), at in any::<i64>(), tries in any::<u32>()) -> engine::Journal {
        engine::Journal { spent: Fingerprint::from_bytes(spent), at, tries }
    }
}

prop_compose! {
    fn troubles()(
        failures in any::<u32>(), said in option::of("\\PC{0,40}"), pause in lives(), stamp in any::<u64>(),
    ) -> engine::Trouble {
        engine::Trouble { failures, reason: engine::Reason::Budget, said: said.map(Into::into), pause, stamp }
    }
}

prop_compose! {
    fn records()(
        generation in any::<u64>(), token in option::of(tokens()), session in option::of(sessions()),
        journal in option::of(journals()), trouble in option::of(troubles()),
    ) -> Record {
        Record { generation, token, session, journal, trouble }
    }
}

proptest! {
    #[test]
    fn a_record_comes_back_in_the_same_start_of_the_machine(record in records()) {
        let here = boot("here");
        let json = encode(&record, Persist::Both, Some(&here)).unwrap();
        prop_assert_eq!(decode(&json, Some(&here)).unwrap(), record);
    }

    /// A buffer that grew would have left parts of a token behind.
    #[test]
    fn the_buffer_is_never_outgrown(record in records()) {
        let json = encode(&record, Persist::Both, Some(&boot(&"x".repeat(36)))).unwrap();
        let needed = 1024 + 6 * (36 + record.session.iter().map(|s| s.refresh_token.expose().len()).sum::<usize>()
            + record.token.iter().map(|t| t.access_token.expose().len()
                + t.token_type.as_ref().map_or(0, String::len) + t.scope.as_ref().map_or(0, String::len)).sum::<usize>()
            + record.trouble.iter().filter_map(|t| t.said.as_ref()).map(|said| said.len()).sum::<usize>());
        prop_assert!(json.capacity() == needed && json.len() <= needed);
    }

    #[test]
    fn what_may_not_be_kept_is_not(record in records()) {
        let here = boot("here");
        let kept = |persist| decode(&encode(&record, persist, Some(&here)).unwrap(), Some(&here)).unwrap();
        prop_assert_eq!(kept(Persist::RefreshToken), Record { token: None, ..record.clone() });
        prop_assert_eq!(kept(Persist::AccessToken), Record { session: None, journal: None, ..record.clone() });
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60), text in "\\{\"[a-z]{1,12}\":.{0,20}\\}") {
        prop_assert_eq!(decode(&bytes, None), Err(Unreadable::OtherContents));
        prop_assert_eq!(decode(text.as_bytes(), None), Err(Unreadable::OtherContents));
    }
}

/// After another start the boot clock began anew: a token of an hour ago would look new by it.
#[test]
fn after_another_start_of_the_machine_the_boot_clock_does_not_count() {
    let life = engine::Life::new(Moment { wall: 5_000, boot: 9_000_000 }, 300 * SECOND);
    let access_token = Secret::new("a");
    let fingerprint = Fingerprint::of("a");
    let token = engine::Issued { access_token, fingerprint, token_type: None, life, scope: None };
    let record = Record { token: Some(Arc::new(token)), ..Record::default() };
    let [here, other] = ["here", "other"].map(boot);
    let through = |record: &Record, written: Option<&BootId>, read: Option<&BootId>| {
        decode(&encode(record, Persist::Both, written).unwrap(), read).unwrap()
    };
    let same = |record: &Record| record.token.as_ref().unwrap().life.same_boot;
    assert!(same(&through(&record, Some(&here), Some(&here))));
    for (written, read) in
        [(Some(&here), Some(&other)), (Some(&here), None), (None, Some(&here)), (None, None)]
    {
        assert!(!same(&through(&record, written, read)), "{written:?} {read:?}");
    }
    // What was of an earlier start once never becomes one of this start by being stored again.
    let earlier = through(&record, Some(&here), Some(&other));
    assert!(!same(&through(&earlier, Some(&other), Some(&other))));
    assert_eq!(BootId::new(" \n"), None);
}

#[test]
fn a_member_that_this_version_does_not_know_is_not_dropped() {
    for more in
        [r#"{"generation":1,"other":1}"#, r#"{"generation":1,"journal":{"spent":"ab","at":1,"tries":1}}"#]
    {
        assert_eq!(decode(more.as_bytes(), None), Err(Unreadable::OtherContents), "{more}");
    }
    assert_eq!(decode(br#"{"generation":1}"#, None).unwrap().generation, 1);
}
