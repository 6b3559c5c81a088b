//! What every backend must do. Each property is a function of a fresh store; the list below runs them on each backend.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod audit;
mod campaigns;
mod concurrency;
mod contacts;
mod drafts;
mod duplicates;
mod erasing;
mod feedback;
mod imports;
mod inventors;
mod judgements;
mod keys;
mod listing;
mod operations;
mod outbox;
#[path = "../../../../tests/support/postgres.rs"]
mod postgres_server;
mod records;
mod runs;
mod texts;
mod tickets;
mod webhooks;

use store::Store;

/// The store under test, and what must outlive it.
struct Fixture {
    store: Store,
    _folder: Option<tempfile::TempDir>,
}

async fn sqlite() -> Option<Fixture> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/hongniang.db", folder.path().display());
    let store = Store::open(&url).await.unwrap();
    Some(Fixture { store, _folder: Some(folder) })
}

async fn postgres() -> Option<Fixture> {
    let url = postgres_server::Server::shared()?.database();
    let store = Store::open(&url).await.unwrap();
    Some(Fixture { store, _folder: None })
}

/// Runs properties on one backend; where there is none, that has been said.
macro_rules! on {
    ($backend:ident: $($module:ident { $($property:ident)+ })+) => {
        mod $backend {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread")]
                async fn $property() {
                    let Some(fixture) = crate::$backend().await else { return };
                    crate::$module::$property(fixture.store.clone()).await;
                    fixture.store.close().await;
                })+
            })+
        }
    };
}

macro_rules! every_property_on {
    ($($backend:ident)+) => {
        $(on! { $backend:
            records {
                a_created_record_reads_back_whole
                numbers_ascend_per_registry_and_made_up_identifiers_are_of_one_database
                creating_a_taken_identifier_fails_and_writes_nothing
                the_same_batch_twice_changes_nothing
                a_batch_works_as_its_drafts_in_sequence
                upsert_keeps_status_and_contact_when_the_draft_has_none
                consent_stays_where_it_is_not_stated
                a_change_adds_one_to_the_revision_and_keeps_the_creation
                a_stale_revision_is_refused_with_the_current_one
                replacing_by_another_kind_is_refused
                replacing_moves_the_external_identifier_unless_it_is_taken
                replacing_with_the_same_writes_nothing
                setting_the_same_status_writes_nothing
                what_is_not_there_is_not_found
                kinds_do_not_share_identifiers
            }
            outbox {
                holds_exactly_the_changed_records
                is_read_in_slices
                pruning_takes_what_was_dealt_with_and_never_the_position
                pruning_keeps_what_a_follower_lacks
                a_rolled_back_write_leaves_no_gap
                numbers_follow_the_order_of_commit
                is_empty_at_first
            }
            inventors {
                achievements_are_found_by_expert
                withdrawn_achievements_are_left_out
                writing_an_achievement_tells_of_its_experts_old_and_new
                an_expert_who_arrives_later_finds_earlier_achievements
                an_expert_written_with_the_achievement_is_told_of_once
            }
            contacts {
                are_read_alone_and_in_bulk
                of_an_unknown_record_are_not_found
                an_empty_contact_deletes
                errors_and_records_never_show_them
                are_sealed_anew_under_another_key
                are_read_and_written_while_they_are_sealed_anew
            }
            audit {
                every_change_is_on_record_in_the_name_of_whoever_made_it
                what_is_not_done_is_not_on_record
                rows_are_found_by_who_what_when_and_which
                imports_are_found_by_the_records_that_they_wrote
                writers_at_once_make_one_chain
                it_is_whole_at_every_moment_while_others_append
                no_personal_data_is_on_record
            }
            erasing {
                an_expert_goes_with_all_that_tells_of_them
                of_other_records_the_contact_person_goes
                nobody_comes_back_in_passing
                nobody_comes_back_as_an_inventor
                every_follower_has_marks_of_its_own
                what_cannot_be_remembered_elsewhere_is_not_erased
                whoever_is_here_again_is_erased_again
                persons_are_found_by_name_and_organisation
            }
            listing {
                pages_hold_every_record_once
                pages_keep_to_the_filter
                counts_agree_with_pages
                pages_lose_and_repeat_nothing_while_others_insert
                records_come_in_the_order_asked
                regions_are_kept_apart
            }
            imports {
                are_seen_only_when_committed
                leave_nothing_when_dropped
                build_on_their_earlier_batches
                do_not_block_readers
                leave_records_of_other_regions_alone
            }
            keys {
                a_key_reads_back_whole
                a_holder_has_two_good_keys_at_most
                many_at_once_make_two
                a_holder_stays_who_it_is
                the_first_revocation_counts
                uses_are_counted_by_the_day
            }
            runs {
                is_seen_only_when_published
                publishing_is_atomic_for_readers
                what_did_not_change_is_read_from_the_run_that_wrote_it
                the_previous_run_is_the_one_published_before
                there_is_one_run_at_a_time
                a_batch_is_one_workers_until_its_time_is_over
                clusters_come_after_all_needs
                a_closed_run_takes_nothing_more
                what_was_given_up_is_never_seen_by_a_later_run
                a_failing_batch_leaves_nothing
                published_runs_are_listed_latest_first_and_one_for_a_day
                pruning_keeps_what_the_kept_runs_read
                changes_are_handed_out_in_order_and_only_of_published_runs
                statistics_come_back_as_they_were_and_go_when_no_run_needs_them
                what_changed_since_a_run_is_kept_for_the_next
                unknown_runs_are_not_found
            }
            duplicates {
                needs_wait_whenever_they_say_something_new
                a_comparison_that_is_dropped_leaves_nothing
                pairs_are_seen_from_both_sides_and_in_order
                pairs_of_withdrawn_and_changed_needs_are_left_out
                another_method_has_all_compared_again
                clusters_come_and_go_with_their_run
            }
            judgements {
                each_judge_has_a_word_of_their_own
                the_same_word_again_changes_nothing
                an_impossible_level_leaves_nothing
            }
            feedback {
                every_word_is_kept_in_order
                lists_are_narrowed_and_paged
            }
            texts {
                sort_by_their_bytes
                of_any_kind_come_back_whole
                with_a_nul_are_never_found
                numbers_at_their_ends_are_no_fault
                long_lists_are_read_whole
                decimals_come_back_to_the_last_digit
            }
            tickets {
                a_write_is_done_once_and_leads_to_what_came_of_it
                feedback_and_keys_are_made_once
                another_request_under_the_same_text_is_refused
                what_fails_leaves_nothing_behind
                of_many_at_once_one_is_done
                what_is_old_is_forgotten
            }
            operations {
                an_operation_reads_back_and_is_taken_up_in_order
                it_moves_with_what_is_written_or_not_at_all
                whoever_began_earlier_writes_nothing_more
                of_many_who_look_for_work_each_finds_another
                it_is_stopped_where_it_stands
                it_is_asked_for_once_unless_it_came_to_nothing
                what_is_old_or_of_servers_that_are_gone_goes
                erasing_a_person_reaches_reports_and_files
            }
            webhooks {
                an_address_reads_back_and_its_secret_too
                addresses_are_listed_changed_and_removed
                a_holder_has_so_many_addresses_and_makes_each_once
                a_run_is_told_to_whoever_may_read_it
                needs_are_told_in_groups_to_those_who_may_see_them
                of_several_servers_one_sends_a_message
                an_address_that_hangs_does_not_keep_others_waiting
                what_fails_is_tried_again_and_its_address_rests
                what_is_given_up_is_kept_and_can_be_sent_again
                an_address_that_is_gone_or_fails_for_days_is_disabled
                when_its_key_is_revoked_an_address_falls_silent
                what_has_ended_is_forgotten_in_time
                a_name_is_hidden_in_descriptions_when_its_bearer_is_erased
                what_was_taken_away_elsewhere_is_taken_away_here
                numbers_that_were_given_elsewhere_are_not_given_here
            }
            campaigns {
                a_campaign_reads_back_whole
                it_is_planned_on_from_what_was_looked_at
                they_are_listed_latest_first_and_deleted_whole
                every_change_is_on_record_and_leads_to_what_came_of_it
                whoever_is_erased_leaves_them
            }
            concurrency {
                thirty_two_writers_all_succeed
                a_contended_record_counts_every_change
                only_one_of_many_creates_an_identifier
            }
        })+
    };
}

every_property_on!(sqlite postgres);
