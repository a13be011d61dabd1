//! The laws of refresh tokens.

use crate::world::{NOW, SUBJECT, World};
use chancela_core::dialect::RefreshPolicy;
use chancela_core::effect::Effect;
use chancela_core::grant::refresh_token::{Facts, Presented, Refreshed, begin, decide};
use chancela_core::grant::{Approval, GrantType, Refused};
use chancela_core::record::{Grant, GrantDetails, RefreshTokenPolicy, Revoked};
use chancela_core::rejection::Rule;
use chancela_core::scope::Scope;
use chancela_core::time::Timestamp;
use chancela_core::token::refresh::RefreshTokenRef;
use chancela_core::x509::Confirmation;
use proptest::prelude::*;

const CERTIFICATE: Confirmation = Confirmation { sha256: [5; 32], not_after: i64::MAX };

fn start(world: &World, certificate: Option<Confirmation>) -> Option<Grant> {
    let approval = Approval {
        scope: Scope::parse("openid read offline_access").unwrap(),
        subject: Some(SUBJECT.into()),
        tenant: None,
        certificate,
        grant: None,
        audience: None,
        not_before: 0,
    };
    let client = world.authenticate();
    begin(&client, &approval, GrantDetails::default(), &world.terms(NOW), &world.entropy).unwrap()
}

fn presented(grant: &Grant, generation: u32) -> Presented<'static> {
    Presented { token: RefreshTokenRef { grant: grant.id, generation }, scope: None, certificate: None }
}

fn renew_at(
    world: &World,
    grant: &Grant,
    presented: &Presented<'_>,
    now: Timestamp,
) -> Result<Refreshed, Refused> {
    let facts = Facts { grant: Some(grant.clone()), user: Some(&world.user), revoked: false };
    decide(&world.authenticate(), presented, facts, &world.terms(now))
}

fn renew(world: &World, grant: &Grant, generation: u32) -> Result<Refreshed, Rule> {
    renew_at(world, grant, &presented(grant, generation), NOW).map_err(|refused| refused.rejection.rule)
}

/// What the store does with the effect.
fn rotated(grant: &Grant, refreshed: &Refreshed) -> Grant {
    match &refreshed.effect {
        Some(Effect::RotateGrant { expected_generation, rotated_at, refresh_expires_at, .. }) => Grant {
            generation: expected_generation + 1,
            rotated_at: *rotated_at,
            refresh_expires_at: *refresh_expires_at,
            ..grant.clone()
        },
        None => grant.clone(),
        other => panic!("{other:?}"),
    }
}

/// G-14.
#[test]
fn a_family_begins_only_where_policy_scope_and_registration_allow() {
    let mut world = World::new();
    assert!(start(&world, None).is_some());
    world.refresh.requires_scope = Some("global".into());
    assert!(start(&world, None).is_none());
    world.refresh.requires_scope = Some("offline_access".into());
    assert!(start(&world, None).is_some());
    world.refresh.policy = RefreshPolicy::None;
    assert!(start(&world, None).is_none());
    world.client.refresh_token_policy = Some(RefreshTokenPolicy::Rotate);
    assert!(start(&world, None).is_some(), "the client's own policy comes first");
    world.client.refresh_token_policy = Some(RefreshTokenPolicy::Bound);
    assert!(start(&world, None).is_none(), "nothing to bind it to");
    assert_eq!(start(&world, Some(CERTIFICATE)).unwrap().details.certificate, Some(CERTIFICATE.sha256));
    world.grants(&[GrantType::AuthorizationCode]);
    assert!(start(&world, Some(CERTIFICATE)).is_none());
}

/// RT-05, G-04, G-06: as late as it may be, and as often.
#[test]
fn the_old_token_gets_the_same_successor_until_that_is_used() {
    let world = World::new();
    let first = start(&world, None).unwrap();
    let refreshed = renew(&world, &first, 0).unwrap();
    let second = rotated(&first, &refreshed);
    for later in [0, 9, 500, 999] {
        let again = renew_at(&world, &second, &presented(&second, 0), NOW.plus_seconds(later)).unwrap();
        assert_eq!((again.token, again.refresh_expires_at), (refreshed.token, refreshed.refresh_expires_at));
        assert!(again.effect.is_none());
    }
    let third = rotated(&second, &renew(&world, &second, 1).unwrap());
    assert_eq!(renew(&world, &third, 0).unwrap_err(), Rule::ReusedRefreshToken);
    assert_eq!(renew(&world, &third, 1).unwrap().token.generation, 2);
}

/// RT-02, G-05, G-07: all within one second.
#[test]
fn an_older_token_revokes_the_family() {
    let world = World::new();
    let mut grant = start(&world, None).unwrap();
    for generation in 0..3 {
        grant = rotated(&grant, &renew(&world, &grant, generation).unwrap());
    }
    for old in [0, 1] {
        let refused = renew_at(&world, &grant, &presented(&grant, old), NOW).unwrap_err();
        assert_eq!(refused.rejection.rule, Rule::ReusedRefreshToken);
        let [Effect::RevokeGrant(family), Effect::Revoke(revocation)] = refused.effects.as_slice() else {
            panic!("{:?}", refused.effects)
        };
        assert_eq!((*family, &revocation.what), (grant.id, &Revoked::Grant(grant.id)));
    }
}

/// RT-06, RT-13, G-01, G-10.
#[test]
fn client_user_and_revocations_are_looked_at_again() {
    let mut world = World::new();
    let grant = start(&world, None).unwrap();
    assert!(renew(&world, &grant, 0).is_ok());
    let gone = Facts { grant: Some(grant.clone()), user: None, revoked: false };
    let decided = decide(&world.authenticate(), &presented(&grant, 0), gone, &world.terms(NOW));
    assert_eq!(decided.unwrap_err().rejection.rule, Rule::UserGone);
    let revoked = Facts { grant: Some(grant.clone()), user: Some(&world.user), revoked: true };
    let decided = decide(&world.authenticate(), &presented(&grant, 0), revoked, &world.terms(NOW));
    assert_eq!(decided.unwrap_err().rejection.rule, Rule::RevokedGrant);
    world.user.enabled = false;
    assert_eq!(renew(&world, &grant, 0).unwrap_err(), Rule::UserGone);
    world.user.enabled = true;
    world.user.tokens_not_before = NOW.seconds() + 1;
    assert_eq!(renew(&world, &grant, 0).unwrap_err(), Rule::RevokedGrant);
    world.user.tokens_not_before = 0;
    world.client.tokens_not_before = NOW.seconds() + 1;
    assert_eq!(renew(&world, &grant, 0).unwrap_err(), Rule::ForeignRefreshToken);
    world.client.tokens_not_before = 0;
    world.another_client();
    let refused = renew_at(&world, &grant, &presented(&grant, 0), NOW).unwrap_err();
    assert_eq!((refused.rejection.rule, refused.effects.len()), (Rule::ForeignRefreshToken, 0));
}

/// G-09: a rotation renews the life without use, never the whole life.
#[test]
fn lifetimes_slide_only_within_the_absolute_one() {
    let mut world = World::new();
    let mut grant = start(&world, None).unwrap();
    assert_eq!(grant.expires_at, NOW.seconds() + 5000);
    let mut now = NOW;
    for generation in 0..5 {
        now = now.plus_seconds(990);
        let refreshed = renew_at(&world, &grant, &presented(&grant, generation), now).unwrap();
        assert!(refreshed.refresh_expires_at <= NOW.seconds() + 5000);
        grant = rotated(&grant, &refreshed);
    }
    let end = Timestamp::from_seconds(NOW.seconds() + 5000);
    let refused = renew_at(&world, &grant, &presented(&grant, 5), end).unwrap_err();
    assert_eq!(refused.rejection.rule, Rule::ExpiredRefreshToken);

    world.refresh.sliding = false;
    let grant = start(&world, None).unwrap();
    let refreshed = renew_at(&world, &grant, &presented(&grant, 0), NOW.plus_seconds(999)).unwrap();
    assert_eq!(refreshed.refresh_expires_at, NOW.seconds() + 1000, "counted from the login");
    let grant = rotated(&grant, &refreshed);
    let refused = renew_at(&world, &grant, &presented(&grant, 1), NOW.plus_seconds(1000)).unwrap_err();
    assert_eq!(refused.rejection.rule, Rule::ExpiredRefreshToken);
}

/// RT-07, RT-14, F-07.
#[test]
fn scope_narrows_and_never_widens() {
    let mut world = World::new();
    let grant = start(&world, None).unwrap();
    let scope = |world: &World, scope: Option<&str>| {
        let presented = Presented { scope, ..presented(&grant, 0) };
        renew_at(world, &grant, &presented, NOW)
            .map(|refreshed| refreshed.approval.scope.as_str().to_owned())
            .map_err(|refused| refused.rejection.rule)
    };
    assert_eq!(scope(&world, None).unwrap(), "openid read offline_access");
    assert_eq!(scope(&world, Some("read")).unwrap(), "read");
    assert_eq!(scope(&world, Some("read profile")).unwrap_err(), Rule::ScopeWidened);
    world.scope_of_client("openid profile");
    assert_eq!(scope(&world, None).unwrap(), "openid");
    assert_eq!(scope(&world, Some("read")).unwrap_err(), Rule::UngrantedScope);
    world.refresh.requires_scope = Some("offline_access".into());
    assert_eq!(scope(&world, None).unwrap_err(), Rule::RevokedGrant);
}

/// G-02, G-03, RT-10, RT-11.
#[test]
fn what_is_not_replaced_stays_good_for_who_can_show_more_than_it() {
    let mut world = World::new();
    world.client.refresh_token_policy = Some(RefreshTokenPolicy::None);
    let grant = start(&world, None).unwrap();
    for _ in 0..100 {
        let refreshed = renew(&world, &grant, 0).unwrap();
        assert_eq!((refreshed.token.generation, refreshed.effect.is_none()), (0, true));
        assert_eq!(refreshed.refresh_expires_at, grant.expires_at);
    }
    world.become_public();
    assert!(renew(&world, &grant, 0).unwrap().effect.is_some(), "a public client's is replaced");

    world.client.refresh_token_policy = Some(RefreshTokenPolicy::Bound);
    let grant = start(&world, Some(CERTIFICATE)).unwrap();
    let with = |certificate| {
        let presented = Presented { certificate, ..presented(&grant, 0) };
        renew_at(&world, &grant, &presented, NOW).map_err(|refused| refused.rejection.rule)
    };
    assert!(with(Some(CERTIFICATE)).unwrap().effect.is_none());
    assert_eq!(with(None).unwrap_err(), Rule::ForeignRefreshToken);
    assert_eq!(
        with(Some(Confirmation { sha256: [6; 32], ..CERTIFICATE })).unwrap_err(),
        Rule::ForeignRefreshToken
    );
}

proptest! {
    /// RT-01, G-06: however clients load and commit with whatever generation they hold, the family has one branch: a
    /// commit moves the generation by one, everybody who got a token got the current one, and a revoked family stays dead.
    #[test]
    fn a_family_has_one_live_branch(
        held in proptest::collection::vec(0_u32..5, 1..8), order in proptest::collection::vec(0_usize..8, 0..60),
    ) {
        let world = World::new();
        let mut grant = start(&world, None).unwrap();
        let mut loaded: Vec<Option<Grant>> = vec![None; held.len()];
        for turn in order.into_iter().filter(|turn| *turn < held.len()) {
            let Some(seen) = loaded[turn].take() else {
                loaded[turn] = Some(grant.clone());
                continue;
            };
            // Nobody holds a token that was never issued.
            let generation = held[turn].min(seen.generation);
            match renew_at(&world, &seen, &presented(&seen, generation), NOW) {
                Ok(refreshed) => {
                    prop_assert!(!seen.revoked);
                    prop_assert!(generation + 1 >= seen.generation);
                    match &refreshed.effect {
                        Some(Effect::RotateGrant { expected_generation, .. }) => {
                            let guard = !grant.revoked && grant.generation == *expected_generation;
                            if guard {
                                grant = rotated(&grant, &refreshed);
                                prop_assert_eq!(refreshed.token.generation, grant.generation);
                            }
                        }
                        _ => prop_assert_eq!(refreshed.token.generation, seen.generation),
                    }
                }
                Err(refused) => {
                    if !refused.effects.is_empty() {
                        prop_assert!(generation + 1 < seen.generation);
                        grant.revoked = true;
                    }
                }
            }
        }
    }

    /// F-07, G-09.
    #[test]
    fn nothing_grows_with_renewals(
        steps in proptest::collection::vec((0_i64..1200, proptest::option::of("(openid|read|profile)( offline_access)?")), 0..12),
    ) {
        let world = World::new();
        let mut grant = start(&world, None).unwrap();
        let original = Scope::parse(&grant.scope).unwrap();
        let mut now = NOW;
        for (wait, scope) in steps {
            now = now.plus_seconds(wait);
            let presented = Presented { scope: scope.as_deref(), ..presented(&grant, grant.generation) };
            if let Ok(refreshed) = renew_at(&world, &grant, &presented, now) {
                prop_assert!(refreshed.approval.scope.is_subset_of(&original));
                prop_assert!(refreshed.refresh_expires_at <= grant.expires_at);
                prop_assert!(now.seconds() < grant.refresh_expires_at);
                grant = rotated(&grant, &refreshed);
            }
        }
    }
}
