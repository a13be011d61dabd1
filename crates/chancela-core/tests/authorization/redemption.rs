//! A code becomes tokens once, for its client, with its verifier and its redirect URI.

use crate::world::{CALLBACK, NOW, VERIFIER, World, challenge};
use chancela_core::effect::Effect;
use chancela_core::grant::authorization_code::{Facts, Presented, Redeemed, Rules, decide};
use chancela_core::grant::binding;
use chancela_core::grant::{GrantType, Refused};
use chancela_core::id::GrantId;
use chancela_core::record::{AuthorizationCode, Revoked, Spent};
use chancela_core::rejection::Rule;
use chancela_core::scope::Scope;
use chancela_core::time::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeSet;

const PRESENTED: Presented<'_> =
    Presented { redirect_uri: Some(CALLBACK), code_verifier: Some(VERIFIER), scope: None, certificate: None };

fn rules(world: &World, now: Timestamp) -> Rules<'_> {
    let binding = binding::Rules { bound_scopes: &[], self_signed: false, presented: None, now };
    Rules { authorization: &world.rules, terms: world.terms(now), binding }
}

fn redeem_at(
    world: &World,
    code: Option<AuthorizationCode>,
    presented: &Presented<'_>,
    now: Timestamp,
) -> Result<Redeemed, Refused> {
    let facts = Facts { code, user: Some(&world.user), revoked: false };
    decide(&world.authenticate(), presented, facts, &rules(world, now), &world.entropy)
}

fn redeem(world: &World, code: &AuthorizationCode, presented: &Presented<'_>) -> Result<Redeemed, Refused> {
    redeem_at(world, Some(code.clone()), presented, NOW)
}

/// The rule and whether the code is burnt.
fn refused(world: &World, code: &AuthorizationCode, presented: &Presented<'_>) -> (Rule, bool) {
    let refused = redeem(world, code, presented).unwrap_err();
    let burnt = match refused.effects.as_slice() {
        [] => false,
        [Effect::SpendAuthorizationCode { id, spent: Spent::Burnt }] => *id == code.id,
        other => panic!("{other:?}"),
    };
    (refused.rejection.rule, burnt)
}

#[test]
fn a_good_redemption_brings_what_was_allowed() {
    let world = World::new();
    let (code, _) = world.code_for(&world.request().with("resource", "https://api.example/"));
    let redeemed = redeem(&world, &code, &PRESENTED).unwrap();
    assert_eq!(redeemed.approval.scope.as_str(), "openid read");
    assert_eq!(redeemed.approval.audience.as_deref(), Some("https://api.example/"));
    assert_eq!(redeemed.nonce.as_deref(), Some("n"));
    assert_eq!(redeemed.details.authentication, code.details.authentication);
    let [Effect::SpendAuthorizationCode { id, spent: Spent::Redeemed(spent) }, Effect::InsertGrant(grant)] =
        redeemed.effects.as_slice()
    else {
        panic!("{:?}", redeemed.effects)
    };
    let (refresh, _) = redeemed.refresh.unwrap();
    assert_eq!((*id, *spent, grant.id, refresh.grant), (code.id, grant.id, grant.id, grant.id));
    assert_eq!(redeemed.approval.grant, Some(grant.id));
    assert_eq!(grant.id.expires_at(), grant.expires_at + 300, "its last access token outlives the family");
    assert_eq!(grant.details, code.details);
}

#[test]
fn a_grant_has_a_row_only_where_something_is_looked_up_later() {
    let mut world = World::new();
    world.grants(&[GrantType::AuthorizationCode]);
    let (code, _) = world.code_for(&world.request());
    let redeemed = redeem(&world, &code, &PRESENTED).unwrap();
    assert!(redeemed.refresh.is_none());
    assert_eq!(redeemed.effects.len(), 1);
    assert_eq!(redeemed.approval.grant.unwrap().expires_at(), NOW.seconds() + 300);
    let (code, _) = world.code_for(&world.request().with("claims", r#"{"userinfo":{"email":null}}"#));
    let redeemed = redeem(&world, &code, &PRESENTED).unwrap();
    assert!(redeemed.refresh.is_none());
    let [_, Effect::InsertGrant(grant)] = redeemed.effects.as_slice() else { panic!() };
    assert!(grant.refresh_expires_at <= NOW.seconds());
    assert!(grant.details.claims.contains_key("userinfo"));
}

/// CD-02, E-03.
#[test]
fn a_replay_revokes_what_the_first_use_issued() {
    let world = World::new();
    let (mut code, _) = world.code_for(&world.request());
    let grant = GrantId::new(NOW.seconds() + 9, [1; 10]);
    code.spent = Some(Spent::Redeemed(grant));
    for presented in [PRESENTED, Presented { code_verifier: None, ..PRESENTED }] {
        let refused = redeem(&world, &code, &presented).unwrap_err();
        assert_eq!(refused.rejection.rule, Rule::SpentCode);
        let [Effect::RevokeGrant(family), Effect::Revoke(revocation)] = refused.effects.as_slice() else {
            panic!("{:?}", refused.effects)
        };
        assert_eq!((*family, &revocation.what), (grant, &Revoked::Grant(grant)));
        assert_eq!(revocation.expires_at, NOW.seconds() + 9);
    }
    code.spent = Some(Spent::Burnt);
    assert_eq!(refused(&world, &code, &PRESENTED), (Rule::SpentCode, false));
}

/// CD-03.
#[test]
fn another_client_gets_nothing_and_changes_nothing() {
    let mut world = World::new();
    let (mut code, _) = world.code_for(&world.request());
    world.another_client();
    assert_eq!(refused(&world, &code, &PRESENTED), (Rule::ForeignCode, false));
    code.spent = Some(Spent::Redeemed(GrantId([0; 16])));
    assert_eq!(refused(&world, &code, &PRESENTED), (Rule::ForeignCode, false));
    assert_eq!(redeem_at(&world, None, &PRESENTED, NOW).unwrap_err().rejection.rule, Rule::UnknownCode);
}

/// CD-05, E-07.
#[test]
fn a_code_dies_at_its_second() {
    let mut world = World::new();
    world.client.authorization_code_lifetime = Some(60);
    let (code, _) = world.code_for(&world.request());
    let at = |seconds| redeem_at(&world, Some(code.clone()), &PRESENTED, NOW.plus_seconds(seconds));
    assert!(at(59).is_ok());
    for late in [60, 61, 3600] {
        assert_eq!(at(late).unwrap_err().rejection.rule, Rule::ExpiredCode);
    }
    let spent = AuthorizationCode { spent: Some(Spent::Burnt), ..code.clone() };
    let earlier = redeem_at(&world, Some(spent), &PRESENTED, NOW.plus_seconds(-120));
    assert_eq!(earlier.unwrap_err().rejection.rule, Rule::SpentCode, "a clock set back revives nothing");
}

/// CD-06.
#[test]
fn what_ended_since_ends_the_code() {
    let mut world = World::new();
    let (code, _) = world.code_for(&world.request());
    let decided = |world: &World, with_user: bool, revoked: bool| {
        let user = Some(&world.user).filter(|_| with_user);
        let facts = Facts { code: Some(code.clone()), user, revoked };
        decide(&world.authenticate(), &PRESENTED, facts, &rules(world, NOW), &world.entropy)
            .map_err(|refused| refused.rejection.rule)
            .map(|_| ())
    };
    assert_eq!(decided(&world, true, false), Ok(()));
    assert_eq!(decided(&world, false, false), Err(Rule::UserGone));
    assert_eq!(decided(&world, true, true), Err(Rule::RevokedCode), "consent withdrawn");
    world.user.enabled = false;
    assert_eq!(decided(&world, true, false), Err(Rule::UserGone));
    world.user.enabled = true;
    world.user.tokens_not_before = NOW.seconds() + 1;
    assert_eq!(decided(&world, true, false), Err(Rule::UserGone));
    world.user.tokens_not_before = 0;
    world.client.tokens_not_before = NOW.seconds() + 1;
    assert_eq!(decided(&world, true, false), Err(Rule::RevokedCode));
    world.client.tokens_not_before = 0;
    world.grants(&[GrantType::RefreshToken]);
    assert_eq!(decided(&world, true, false), Err(Rule::UnauthorizedGrantType));
}

/// PK-01, PK-06 to PK-09, D-04.
#[test]
fn a_missing_or_wrong_verifier_burns_the_code() {
    let world = World::new();
    let (code, _) = world.code_for(&world.request());
    let with = |code_verifier| Presented { code_verifier, ..PRESENTED };
    assert_eq!(refused(&world, &code, &with(None)), (Rule::MissingCodeVerifier, true));
    let other = VERIFIER.replace('d', "e");
    for wrong in [&*challenge(VERIFIER), &other, "", "short", &format!("{VERIFIER}="), &"á".repeat(50)] {
        assert_eq!(refused(&world, &code, &with(Some(wrong))), (Rule::WrongCodeVerifier, true), "{wrong}");
    }
}

/// PK-02, D-05.
#[test]
fn a_verifier_without_a_challenge_burns_the_code() {
    let mut world = World::new();
    world.client.require_pkce = Some(false);
    let (code, _) =
        world.code_for(&world.request().without("code_challenge").without("code_challenge_method"));
    assert_eq!(refused(&world, &code, &PRESENTED), (Rule::UnexpectedCodeVerifier, true));
    assert!(redeem(&world, &code, &Presented { code_verifier: None, ..PRESENTED }).is_ok());
}

/// RU-18, E-05.
#[test]
fn another_redirect_uri_burns_the_code() {
    let mut world = World::new();
    world.client.redirect_uris.push("https://app.example/other".into());
    let (code, _) = world.code_for(&world.request());
    for uri in ["https://app.example/other", "https://app.example/cb/", "https://APP.example/cb"] {
        let presented = Presented { redirect_uri: Some(uri), ..PRESENTED };
        assert_eq!(refused(&world, &code, &presented), (Rule::RedirectUriMismatch, true), "{uri}");
    }
    let silent = Presented { redirect_uri: None, ..PRESENTED };
    assert!(redeem(&world, &code, &silent).is_ok(), "the verifier stands in for it");
    world.client.require_pkce = Some(false);
    let (code, _) =
        world.code_for(&world.request().without("code_challenge").without("code_challenge_method"));
    let silent = Presented { code_verifier: None, ..silent };
    assert_eq!(refused(&world, &code, &silent), (Rule::RedirectUriMismatch, true));
}

#[test]
fn scope_at_the_exchange_means_something_only_where_a_dialect_says_so() {
    let mut world = World::new();
    world.refresh.requires_scope = Some("offline_access".into());
    let (code, _) = world.code_for(&world.request());
    let presented = Presented { scope: Some("openid read profile offline_access"), ..PRESENTED };
    let redeemed = redeem(&world, &code, &presented).unwrap();
    assert_eq!((redeemed.approval.scope.as_str(), redeemed.refresh.is_some()), ("openid read", false));
    world.rules.scope_optional = Some("offline_access".into());
    let redeemed = redeem(&world, &code, &presented).unwrap();
    assert_eq!(redeemed.approval.scope.as_str(), "openid read offline_access");
    assert!(redeemed.refresh.is_some());
    world.scope_of_client("openid read");
    let redeemed = redeem(&world, &code, &presented).unwrap();
    assert_eq!((redeemed.approval.scope.as_str(), redeemed.refresh.is_some()), ("openid read", false));
    world.scope_of_client("profile");
    assert_eq!(refused(&world, &code, &presented), (Rule::UngrantedScope, false));
}

/// One attempt at a code: what it presents.
#[derive(Debug, Clone)]
struct Attempt {
    verifier: bool,
    redirect_uri: bool,
    scope: Option<String>,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let scope = proptest::option::of("(openid|read|write|profile|offline_access)( offline_access)?");
    (prop::bool::weighted(0.8), prop::bool::weighted(0.8), scope)
        .prop_map(|(verifier, redirect_uri, scope)| Attempt { verifier, redirect_uri, scope })
}

/// A store of one code that applies effects as the contract of [`Effect`] says.
struct Store {
    code: AuthorizationCode,
    revoked: BTreeSet<GrantId>,
}

impl Store {
    fn commit(&mut self, effects: &[Effect]) -> bool {
        if effects
            .iter()
            .any(|e| matches!(e, Effect::SpendAuthorizationCode { .. }) && self.code.spent.is_some())
        {
            return false;
        }
        for effect in effects {
            match effect {
                Effect::SpendAuthorizationCode { spent, .. } => self.code.spent = Some(*spent),
                Effect::RevokeGrant(grant) => {
                    self.revoked.insert(*grant);
                }
                _ => {}
            }
        }
        true
    }
}

proptest! {
    /// E-02, E-03, F-06: however redemptions interleave between loading and committing, at most one wins; whoever comes
    /// after the winner revokes it; and nobody gets more than was allowed or the dialect lets them ask for.
    #[test]
    fn any_interleaving_has_at_most_one_winner(
        attempts in proptest::collection::vec(attempt(), 1..6), order in proptest::collection::vec(0_usize..6, 0..40),
    ) {
        let mut world = World::new();
        world.rules.scope_optional = Some("offline_access".into());
        let (code, _) = world.code_for(&world.request());
        let allowed = Scope::parse("openid read offline_access").unwrap();
        let mut store = Store { code, revoked: BTreeSet::new() };
        let mut loaded: Vec<Option<AuthorizationCode>> = vec![None; attempts.len()];
        let mut finished = vec![false; attempts.len()];
        let mut winners = Vec::new();
        let mut after_winner = false;
        // The given order first, then everybody to the end.
        let rest = (0..attempts.len()).cycle().take(attempts.len() * 8);
        for turn in order.into_iter().filter(|turn| *turn < attempts.len()).chain(rest) {
            if finished[turn] { continue; }
            let Some(code) = loaded[turn].take() else {
                loaded[turn] = Some(store.code.clone());
                continue;
            };
            let Attempt { verifier, redirect_uri, scope } = &attempts[turn];
            let presented = Presented {
                code_verifier: verifier.then_some(VERIFIER),
                redirect_uri: Some(if *redirect_uri { CALLBACK } else { "https://app.example/x" }),
                scope: scope.as_deref(),
                certificate: None,
            };
            match redeem(&world, &code, &presented) {
                Ok(redeemed) => if store.commit(&redeemed.effects) {
                    prop_assert!(redeemed.approval.scope.is_subset_of(&allowed));
                    prop_assert!(*verifier && *redirect_uri);
                    winners.push(redeemed.approval.grant.unwrap());
                    finished[turn] = true;
                },
                Err(refused) => if store.commit(&refused.effects) {
                    after_winner |= !winners.is_empty();
                    finished[turn] = true;
                },
            }
        }
        prop_assert!(finished.iter().all(|done| *done));
        prop_assert!(winners.len() <= 1);
        prop_assert!(store.code.spent.is_some());
        for winner in &winners {
            prop_assert_eq!(store.revoked.contains(winner), after_winner);
        }
    }
}
