//! The suite that every store must pass: what the [`Store`] trait and the effects promise, property by property.
//!
//! A backend implements [`Fixture`] in its tests and calls [`conformance_tests!`](crate::conformance_tests), which
//! makes one `#[test]` of each property, so that a failure names the promise that is broken. Owns no backend's own
//! promises (file formats, locks, speed).

// A suite fails by panicking; that it is compiled as a library, for other crates' tests, changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

pub mod admin;
pub mod certificates;
pub mod clients;
pub mod codes;
pub mod durability;
pub mod expiry;
pub mod grants;
pub mod lists;
pub mod model;
pub mod people;
pub mod races;
pub mod samples;
pub mod sessions;
pub mod tokens;

use crate::{CommitOutcome, Store};
use chancela_core::effect::Effect;
use std::future::Future;

/// Makes stores for one test. All stores that one fixture opens, one after the other, share what they keep, unless
/// they are not durable.
pub trait Fixture: Default + Send + Sync + 'static {
    /// The backend.
    type Store: Store;
    /// Whether a store that is dropped and opened again still holds what was committed.
    const DURABLE: bool;
    /// Opens the store; the one opened before is dropped by then.
    fn open(&self) -> Self::Store;
}

/// Runs one property on threads of its own (four, so that races are real ones).
pub fn run<F: Fixture, P: Future<Output = ()>>(property: impl FnOnce(F) -> P) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.unwrap().block_on(property(F::default()));
}

/// Commits and expects no conflict.
pub async fn committed(store: &impl Store, effects: Vec<Effect>) {
    assert_eq!(store.commit(effects).await.unwrap(), CommitOutcome::Committed);
}

/// Commits and expects a conflict.
pub async fn conflict(store: &impl Store, effects: Vec<Effect>) {
    assert_eq!(store.commit(effects).await.unwrap(), CommitOutcome::Conflict);
}

/// One `#[test]` for each property, for the given [`Fixture`](crate::conformance::Fixture).
#[macro_export]
macro_rules! conformance_tests {
    ($fixture:ty) => {
        $crate::conformance_tests! { @modules $fixture;
            tokens {
                an_inserted_token_reads_back_in_every_field
                an_unknown_token_is_none
                the_same_key_again_changes_nothing
                a_deleted_token_is_gone_and_deleting_again_is_no_conflict
                tokens_of_one_tick_are_told_apart_by_their_tag
                tokens_of_one_tag_are_told_apart_by_their_tick
                lifetimes_from_seconds_to_thirty_days_are_kept
                a_deleted_token_can_be_inserted_again
                tokens_issued_before_a_clock_step_back_stay_readable
            }
            grants {
                a_grant_reads_back_in_every_field
                a_second_grant_of_the_same_id_is_a_conflict
                rotation_moves_the_generation_and_the_times
                rotation_from_another_generation_is_a_conflict
                rotation_of_a_revoked_or_missing_grant_is_a_conflict
                revoking_is_idempotent_and_a_missing_grant_is_no_conflict
                grants_of_a_user_are_those_that_are_not_revoked
                revocations_are_listed_until_they_expire
                revocations_of_every_kind_are_told_apart
            }
            codes {
                a_code_reads_back_in_every_field
                a_second_code_of_the_same_id_is_a_conflict
                a_code_is_spent_once
                a_missing_code_cannot_be_spent
                a_redemption_is_all_or_nothing
                one_list_may_issue_and_spend_a_code
            }
            people {
                a_user_without_factors_reads_back
                a_user_is_found_by_subject_in_the_own_realm_alone
                a_subject_belongs_to_one_user
                users_are_listed_by_name_and_tenant_in_pages
                deleting_a_user_needs_the_version_that_was_read
                a_deleted_user_takes_sessions_and_consents_along
            }
            sessions {
                a_session_reads_back_and_is_replaced_by_version
                a_session_is_known_in_its_realm_alone
                ending_a_session_is_idempotent
                sessions_of_a_user_come_newest_first_and_at_most_256
                a_consent_is_put_replaced_and_deleted
                consents_are_told_apart_by_realm_user_and_client
            }
            clients {
                a_client_reads_back_in_every_field
                a_second_client_of_the_same_name_or_key_is_a_conflict
                the_same_client_id_in_another_realm_is_another_client
                replacing_needs_the_expected_version
                replacing_a_missing_client_is_a_conflict
                replacing_under_another_key_is_a_conflict
                deleting_needs_the_version_that_was_read
                a_deleted_client_can_be_registered_again
            }
            admin {
                a_user_reads_back_and_is_replaced_by_version
                users_named_answers_none_one_or_two
                users_of_other_realms_and_names_are_not_answered
                scopes_are_put_replaced_and_deleted
                keys_are_inserted_once
                updating_a_key_changes_its_schedule_and_not_its_material
                deleting_a_key_is_idempotent
                odd_strings_come_back_as_they_were
                numbers_at_their_limits_come_back_as_they_were
                a_probe_succeeds
            }
            certificates {
                a_certificate_of_every_status_reads_back
                replacing_a_certificate_needs_the_expected_version
                certificates_are_told_apart_and_listed_by_realm_and_serial
                certificates_are_listed_until_they_expire
                a_crl_is_replaced_by_one_of_a_higher_number_alone
                a_deleted_key_takes_its_crl_along
                the_certificates_of_a_key_read_back_and_are_replaced
            }
            lists {
                an_empty_list_commits
                a_list_whose_last_guard_fails_applies_nothing
                a_list_whose_first_guard_fails_applies_nothing
                a_guard_sees_the_effects_before_it
                a_conflict_undoes_every_kind_of_effect
                a_conflict_spares_the_lists_committed_beside_it
            }
            expiry {
                nothing_alive_is_removed
                what_expired_is_removed
                a_run_in_slices_says_that_more_is_waiting
                a_clock_step_back_removes_nothing_alive
                codes_sessions_and_revocations_go_when_they_are_due
                certificates_go_when_they_are_due
                a_spent_code_is_remembered_until_it_is_dropped
                many_sessions_go_in_slices
                many_certificates_go_in_slices
                an_empty_store_has_nothing_to_expire
                expiry_beside_inserts_loses_nothing
            }
            races {
                one_of_64_rotations_wins
                one_of_64_inserted_grants_wins
                one_of_64_redemptions_of_a_code_wins
                one_of_64_session_changes_wins
                one_of_64_users_of_one_subject_wins
                one_of_64_new_clients_wins
                one_of_64_client_changes_wins
                one_of_64_certificates_of_one_serial_wins
                one_of_64_certificate_changes_wins
                of_64_revocation_lists_the_highest_number_stays
                increments_by_compare_and_swap_lose_nothing
                a_commit_can_be_read_as_soon_as_it_is_answered
                a_dropped_commit_is_applied_as_a_whole_or_not_at_all
            }
            model {
                random_effects_agree_with_a_simple_model
            }
            durability {
                everything_survives_reopening
                single_use_survives_reopening
                tokens_of_every_lifetime_survive_reopening
            }
        }
    };
    (@modules $fixture:ty; $($module:ident { $($property:ident)* })*) => {
        $(mod $module {
            #[allow(unused_imports)]
            use super::*;
            $(#[test]
            fn $property() {
                $crate::conformance::run($crate::conformance::$module::$property::<$fixture>);
            })*
        })*
    };
}
