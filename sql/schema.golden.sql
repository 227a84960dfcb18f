-- What the migrations make, as the catalogue describes it. After a deliberate change write it anew:
-- mvn -pl cachestore -am test -Dtest=SchemaTest -Dsurefire.failIfNoSpecifiedTests=false -Dgolden.write=true
column agreement.tenant text
column agreement.task text
column agreement.month timestamp with time zone
column agreement.mechanism text
column agreement.tier text
column agreement.audited bigint
column agreement.agreed bigint
column agreement.agreement numeric
column agreement.low numeric
column agreement.high numeric
column agreement_by_run.run_id text
column agreement_by_run.night timestamp with time zone
column agreement_by_run.tenant text
column agreement_by_run.task text
column agreement_by_run.drawn bigint
column agreement_by_run.unanswered bigint
column agreement_by_run.audited bigint
column agreement_by_run.by_people bigint
column agreement_by_run.agreed bigint
column agreement_by_run.agreement numeric
column agreement_by_run.low numeric
column agreement_by_run.high numeric
column agreement_by_run.asked_twice bigint
column agreement_by_run.reference_with_itself numeric
column answer_quotes.custom_id text not null
column answer_quotes.namespace_id bigint not null
column answer_quotes.place text not null
column answer_quotes.field text not null
column answer_quotes.starts_at integer not null
column answer_quotes.ends_at integer not null
column answer_quotes.page integer
column answer_quotes.is_exact boolean not null
column answer_quotes.before text not null
column answer_quotes.quote text not null
column answer_quotes.after text not null
column answer_views.view_name text not null
column answer_views.tenant text not null
column answer_views.task text not null
column answer_views.columns jsonb not null
column answer_views.made_at timestamp with time zone not null
column attempt_costs.run_id text
column attempt_costs.night timestamp with time zone
column attempt_costs.day date
column attempt_costs.tenant text
column attempt_costs.task text
column attempt_costs.tier text
column attempt_costs.provider text
column attempt_costs.model text
column attempt_costs.mode text
column attempt_costs.state text
column attempt_costs.failure_code text
column attempt_costs.price_id bigint
column attempt_costs.custom_id text
column attempt_costs.item_key text
column attempt_costs.attempt_number smallint
column attempt_costs.downgraded_from text
column attempt_costs.input_tokens bigint
column attempt_costs.cached_input_tokens bigint
column attempt_costs.cache_write_tokens bigint
column attempt_costs.cache_write_long_tokens bigint
column attempt_costs.output_tokens bigint
column attempt_costs.reasoning_tokens bigint
column attempt_costs.output_limit_tokens integer
column attempt_costs.input_usd numeric
column attempt_costs.cached_input_usd numeric
column attempt_costs.cache_write_usd numeric
column attempt_costs.output_usd numeric
column attempt_costs.reasoning_usd numeric
column attempt_costs.total_usd numeric
column attempts.custom_id text not null
column attempts.item_key text not null
column attempts.attempt_number smallint not null
column attempts.namespace_id bigint not null
column attempts.run_id text not null
column attempts.tier text not null
column attempts.provider text not null
column attempts.model text not null
column attempts.state text not null
column attempts.request_bytes integer not null
column attempts.prompt_tokens integer not null
column attempts.output_tokens_max integer not null
column attempts.reserved_usd numeric not null
column attempts.submission_id text
column attempts.failure_code text
column attempts.failure_reason text
column attempts.planned_at timestamp with time zone not null
column attempts.ended_at timestamp with time zone
column attempts.mode text not null default 'batch'::text
column attempts.priority numeric not null default 0
column attempts.cheaper jsonb
column attempts.downgraded_from text
column attempts.billed_at timestamp with time zone
column attempts.usage_unknown boolean not null default false
column attempts.spend_resolved_at timestamp with time zone
column attempts.served_model text
column attempts.service_tier text
column audited_answers.run_id text
column audited_answers.night timestamp with time zone
column audited_answers.tenant text
column audited_answers.task text
column audited_answers.document_id text
column audited_answers.item_key text
column audited_answers.mechanisms text[]
column audited_answers.tier text
column audited_answers.compared_with text
column audited_answers.agrees boolean
column audited_answers.differing_fields text[]
column audited_answers.delivered_answer jsonb
column audited_answers.other_answer jsonb
column audited_answers.gold_source text
column audited_answers.compared_at timestamp with time zone
column audits.run_id text not null
column audits.document_id text not null
column audits.compared_with text not null
column audits.namespace_id bigint not null
column audits.item_key text not null
column audits.reference_run_id text
column audits.mechanisms text[] not null
column audits.tier text
column audits.equality text not null
column audits.agrees boolean not null
column audits.differing_fields text[] not null
column audits.compared_at timestamp with time zone not null
column batch_durations.month date
column batch_durations.tenant text
column batch_durations.provider text
column batch_durations.model text
column batch_durations.batches bigint
column batch_durations.requests bigint
column batch_durations.median_minutes numeric(12,3)
column batch_durations.nine_in_ten_minutes numeric(12,3)
column budget_status.tenant text
column budget_status.task text
column budget_status.period text
column budget_status.limit_usd numeric
column budget_status.charged_usd numeric
column budget_status.reserved_usd numeric
column budget_status.unknown_usd numeric
column budget_status.left_usd numeric
column budgets.budget_id bigint not null identity
column budgets.tenant text not null
column budgets.task text not null default '*'::text
column budgets.period text not null
column budgets.limit_usd numeric not null
column budgets.changed_at timestamp with time zone not null
column cache_effectiveness.night timestamp with time zone
column cache_effectiveness.run_id text
column cache_effectiveness.tenant text
column cache_effectiveness.task text
column cache_effectiveness.items bigint
column cache_effectiveness.exact_hits bigint
column cache_effectiveness.semantic_hits bigint
column cache_effectiveness.followers bigint
column cache_effectiveness.exact_hit_rate numeric
column cache_effectiveness.semantic_hit_rate numeric
column cache_effectiveness.follower_rate numeric
column cache_effectiveness.saved_by_exact_cache_usd numeric
column cache_effectiveness.saved_by_semantic_cache_usd numeric
column cache_effectiveness.saved_by_sharing_usd numeric
column cache_effectiveness.cache_percent_of_baseline numeric
column cache_entries.item_key text not null
column cache_entries.namespace_id bigint not null
column cache_entries.source_key text not null
column cache_entries.similarity real not null
column cache_entries.answer jsonb not null
column cache_entries.output_tokens integer not null
column cache_entries.embedding vector(384)
column cache_entries.created_at timestamp with time zone not null
column cache_entries.score real
column cache_entries.policy text
column cache_entries.answer_class text
column cache_entries.agreed integer not null default 0
column cache_entries.contradicted integer not null default 0
column cache_entries.guard_marks text[]
column cache_entries.measure text not null default 'cosine'::text
column cache_entries.model text
column cache_entries.kept text
column cache_entries.origin_key text
column cache_statistics.tenant text
column cache_statistics.task text
column cache_statistics.embedding_model text
column cache_statistics.namespace_id bigint
column cache_statistics.entries bigint
column cache_statistics.asked bigint
column cache_statistics.borrowed bigint
column cache_statistics.megabytes numeric
column cache_statistics.oldest timestamp with time zone
column cache_statistics.newest timestamp with time zone
column cache_statistics.exact_hits numeric
column cache_statistics.semantic_hits numeric
column cache_statistics.saved_usd numeric
column cached_token_share.tenant text
column cached_token_share.task text
column cached_token_share.tier text
column cached_token_share.provider text
column cached_token_share.model text
column cached_token_share.prompt_tokens bigint
column cached_token_share.cached_input_tokens bigint
column cached_token_share.cache_write_tokens bigint
column cached_token_share.cached_share numeric
column cached_token_share.saved_usd numeric
column charge_sums.run_id text
column charge_sums.night timestamp with time zone
column charge_sums.day date
column charge_sums.tenant text
column charge_sums.task text
column charge_sums.tier text
column charge_sums.provider text
column charge_sums.model text
column charge_sums.mode text
column charge_sums.state text
column charge_sums.failure_code text
column charge_sums.price_id bigint
column charge_sums.attempts bigint
column charge_sums.input_tokens bigint
column charge_sums.cached_input_tokens bigint
column charge_sums.cache_write_tokens bigint
column charge_sums.cache_write_long_tokens bigint
column charge_sums.output_tokens bigint
column charge_sums.reasoning_tokens bigint
column charge_sums.output_limit_tokens bigint
column charge_sums.input_usd numeric
column charge_sums.cached_input_usd numeric
column charge_sums.cache_write_usd numeric
column charge_sums.output_usd numeric
column charge_sums.reasoning_usd numeric
column charge_sums.total_usd numeric
column corpus_changes.run_id text
column corpus_changes.former_run_id text
column corpus_changes.document_id text
column corpus_changes.former_document_id text
column corpus_changes.change text
column cost_by_day.day date
column cost_by_day.tenant text
column cost_by_day.task text
column cost_by_day.runs bigint
column cost_by_day.items bigint
column cost_by_day.asked bigint
column cost_by_day.failed bigint
column cost_by_day.baseline_usd numeric
column cost_by_day.actual_usd numeric
column cost_by_day.saved_usd numeric
column cost_by_day.actual_percent_of_baseline numeric
column cost_by_document.document_id text
column cost_by_document.tenant text
column cost_by_document.task text
column cost_by_document.nights bigint
column cost_by_document.asked bigint
column cost_by_document.last_night timestamp with time zone
column cost_by_document.last_outcome text
column cost_by_document.baseline_usd numeric
column cost_by_document.actual_usd numeric
column cost_by_document.attributed_usd numeric
column cost_by_model.day date
column cost_by_model.tenant text
column cost_by_model.provider text
column cost_by_model.model text
column cost_by_model.mode text
column cost_by_model.billed_attempts bigint
column cost_by_model.input_tokens bigint
column cost_by_model.cached_input_tokens bigint
column cost_by_model.cache_write_tokens bigint
column cost_by_model.cache_write_long_tokens bigint
column cost_by_model.output_tokens bigint
column cost_by_model.reasoning_tokens bigint
column cost_by_model.input_usd numeric
column cost_by_model.cached_input_usd numeric
column cost_by_model.cache_write_usd numeric
column cost_by_model.output_usd numeric
column cost_by_model.reasoning_usd numeric
column cost_by_model.total_usd numeric
column cost_by_run.run_id text
column cost_by_run.night timestamp with time zone
column cost_by_run.task text
column cost_by_run.tenant text
column cost_by_run.items bigint
column cost_by_run.asked bigint
column cost_by_run.exact_hits bigint
column cost_by_run.semantic_hits bigint
column cost_by_run.followers bigint
column cost_by_run.failed bigint
column cost_by_run.baseline_usd numeric
column cost_by_run.saved_by_exact_duplicates_usd numeric
column cost_by_run.saved_by_exact_cache_usd numeric
column cost_by_run.saved_by_semantic_cache_usd numeric
column cost_by_run.saved_by_near_duplicates_usd numeric
column cost_by_run.saved_by_retrieval_usd numeric
column cost_by_run.saved_by_routing_usd numeric
column cost_by_run.saved_by_prompt_caching_usd numeric
column cost_by_run.saved_by_output_control_usd numeric
column cost_by_run.saved_by_batch_usd numeric
column cost_by_run.saved_by_escalation_usd numeric
column cost_by_run.saved_by_failing_usd numeric
column cost_by_run.actual_usd numeric
column cost_by_run.attributed_usd numeric
column cost_by_run.machine_usd numeric
column cost_by_run.unbalanced_items bigint
column cost_by_run.saved_by_audit_usd numeric
column cost_by_task.tenant text
column cost_by_task.task text
column cost_by_task.runs bigint
column cost_by_task.items bigint
column cost_by_task.asked bigint
column cost_by_task.failed bigint
column cost_by_task.baseline_usd numeric
column cost_by_task.actual_usd numeric
column cost_by_task.saved_usd numeric
column cost_by_task.actual_percent_of_baseline numeric
column cost_by_tenant.tenant text
column cost_by_tenant.month timestamp with time zone
column cost_by_tenant.runs bigint
column cost_by_tenant.items bigint
column cost_by_tenant.asked bigint
column cost_by_tenant.failed bigint
column cost_by_tenant.baseline_usd numeric
column cost_by_tenant.actual_usd numeric
column cost_by_tenant.saved_usd numeric
column cost_by_tenant.actual_percent_of_baseline numeric
column cost_by_tier.run_id text
column cost_by_tier.night timestamp with time zone
column cost_by_tier.tenant text
column cost_by_tier.task text
column cost_by_tier.tier text
column cost_by_tier.provider text
column cost_by_tier.model text
column cost_by_tier.attempts bigint
column cost_by_tier.succeeded bigint
column cost_by_tier.rejected bigint
column cost_by_tier.errored bigint
column cost_by_tier.open bigint
column cost_by_tier.input_tokens bigint
column cost_by_tier.cached_input_tokens bigint
column cost_by_tier.cache_write_tokens bigint
column cost_by_tier.output_tokens bigint
column cost_by_tier.reasoning_tokens bigint
column cost_by_tier.total_usd numeric
column cost_by_tier.truncated bigint
column cost_by_tier.refused bigint
column dead_letters.run_id text not null
column dead_letters.source_uri text not null
column dead_letters.source_position bigint not null
column dead_letters.document_id text
column dead_letters.code text not null
column dead_letters.reason text not null
column dead_letters.created_at timestamp with time zone not null
column dead_letters.source_hash text not null default md5(source_uri)
column dearest_items.run_id text
column dearest_items.document_id text
column dearest_items.night timestamp with time zone
column dearest_items.tenant text
column dearest_items.task text
column dearest_items.tier text
column dearest_items.model text
column dearest_items.actual_usd numeric
column dearest_items.attributed_usd numeric
column dearest_items.baseline_usd numeric
column escalation.tenant text
column escalation.task text
column escalation.tier text
column escalation.provider text
column escalation.model text
column escalation.answers bigint
column escalation.rejected bigint
column escalation.rejected_share numeric
column escalation.rejected_usd numeric
column escalation.truncated bigint
column escalation.invalid bigint
column escalation.refused bigint
column failed_spend.run_id text
column failed_spend.night timestamp with time zone
column failed_spend.tenant text
column failed_spend.task text
column failed_spend.tier text
column failed_spend.model text
column failed_spend.failure_code text
column failed_spend.attempts bigint
column failed_spend.billed_attempts bigint
column failed_spend.total_usd numeric
column failures.run_id text
column failures.tenant text
column failures.task text
column failures.kind text
column failures.code text
column failures.documents bigint
column failures.example_document_id text
column forecast_savings.run_id text not null
column forecast_savings.step integer not null
column forecast_savings.saved_usd numeric not null
column forecast_tiers.run_id text not null
column forecast_tiers.step integer not null
column forecast_tiers.tier text not null
column forecast_tiers.provider text not null
column forecast_tiers.model text not null
column forecast_tiers.requests numeric not null
column forecast_tiers.input_tokens numeric not null
column forecast_tiers.output_tokens numeric not null
column forecast_tiers.rejected_share numeric not null
column forecast_tiers.expected_usd numeric not null
column forecasts.run_id text not null
column forecasts.made_at timestamp with time zone not null
column forecasts.nights integer not null
column forecasts.items bigint not null
column forecasts.asked bigint not null
column forecasts.baseline_usd numeric not null
column forecasts.expected_usd numeric not null
column forecasts.low_usd numeric not null
column forecasts.high_usd numeric not null
column forecasts.worst_case_usd numeric not null
column gold_answers.tenant text not null
column gold_answers.task text not null
column gold_answers.document_id text not null
column gold_answers.answer jsonb not null
column gold_answers.given_by text not null
column gold_answers.is_in_file boolean not null
column gold_answers.source text not null
column gold_answers.labelled_at timestamp with time zone not null
column input_notes.run_id text
column input_notes.source_uri text
column input_notes.notes text[]
column item_costs.run_id text
column item_costs.document_id text
column item_costs.night timestamp with time zone
column item_costs.item_key text
column item_costs.tenant text
column item_costs.task text
column item_costs.state text
column item_costs.answered_by text
column item_costs.failure_code text
column item_costs.tier text
column item_costs.provider text
column item_costs.model text
column item_costs.baseline_usd numeric
column item_costs.saved_by_exact_duplicates_usd numeric
column item_costs.saved_by_exact_cache_usd numeric
column item_costs.saved_by_semantic_cache_usd numeric
column item_costs.saved_by_near_duplicates_usd numeric
column item_costs.saved_by_retrieval_usd numeric
column item_costs.saved_by_routing_usd numeric
column item_costs.saved_by_prompt_caching_usd numeric
column item_costs.saved_by_output_control_usd numeric
column item_costs.saved_by_batch_usd numeric
column item_costs.saved_by_escalation_usd numeric
column item_costs.saved_by_failing_usd numeric
column item_costs.actual_usd numeric
column item_costs.attributed_usd numeric
column item_costs.machine_usd numeric
column item_costs.saved_by_audit_usd numeric
column item_costs_now.run_id text
column item_costs_now.document_id text
column item_costs_now.night timestamp with time zone
column item_costs_now.item_key text
column item_costs_now.leader_key text
column item_costs_now.tenant text
column item_costs_now.task text
column item_costs_now.state text
column item_costs_now.answered_by text
column item_costs_now.failure_code text
column item_costs_now.tier text
column item_costs_now.provider text
column item_costs_now.model text
column item_costs_now.baseline_usd numeric
column item_costs_now.saved_by_exact_duplicates_usd numeric
column item_costs_now.saved_by_exact_cache_usd numeric
column item_costs_now.saved_by_semantic_cache_usd numeric
column item_costs_now.saved_by_near_duplicates_usd numeric
column item_costs_now.saved_by_retrieval_usd numeric
column item_costs_now.saved_by_routing_usd numeric
column item_costs_now.saved_by_prompt_caching_usd numeric
column item_costs_now.saved_by_output_control_usd numeric
column item_costs_now.saved_by_batch_usd numeric
column item_costs_now.saved_by_escalation_usd numeric
column item_costs_now.saved_by_failing_usd numeric
column item_costs_now.actual_usd numeric
column item_costs_now.bears text[]
column item_costs_now.saved_by_audit_usd numeric
column item_sums.run_id text
column item_sums.night timestamp with time zone
column item_sums.tenant text
column item_sums.task text
column item_sums.state text
column item_sums.answered_by text
column item_sums.failure_code text
column item_sums.tier text
column item_sums.provider text
column item_sums.model text
column item_sums.items bigint
column item_sums.baseline_usd numeric
column item_sums.saved_by_exact_duplicates_usd numeric
column item_sums.saved_by_exact_cache_usd numeric
column item_sums.saved_by_semantic_cache_usd numeric
column item_sums.saved_by_near_duplicates_usd numeric
column item_sums.saved_by_retrieval_usd numeric
column item_sums.saved_by_routing_usd numeric
column item_sums.saved_by_prompt_caching_usd numeric
column item_sums.saved_by_output_control_usd numeric
column item_sums.saved_by_batch_usd numeric
column item_sums.saved_by_escalation_usd numeric
column item_sums.saved_by_failing_usd numeric
column item_sums.actual_usd numeric
column item_sums.attributed_usd numeric
column item_sums.machine_usd numeric
column item_sums.unbalanced_items bigint
column item_sums.saved_by_audit_usd numeric
column items.run_id text not null
column items.document_id text not null
column items.namespace_id bigint not null
column items.item_key text not null
column items.source_uri text not null
column items.source_position bigint not null
column items.is_representative boolean not null
column items.whole_prompt_tokens integer not null
column items.state text not null
column items.answered_by text
column items.leader_key text
column items.similarity real
column items.failure_code text
column items.failure_reason text
column items.settled_at timestamp with time zone
column items.forgotten_at timestamp with time zone
column items.answer_tokens integer
column kept_answers.run_id text
column kept_answers.night timestamp with time zone
column kept_answers.tenant text
column kept_answers.task text
column kept_answers.document_id text
column kept_answers.kept text
column kept_answers.asked_run_id text
column kept_answers.asked_task_fingerprint text
column kept_answers.asked_at timestamp with time zone
column kept_answers.asked_usd numeric
column kept_answers.asked_key text
column ledger.custom_id text not null
column ledger.run_id text not null
column ledger.item_key text not null
column ledger.submission_id text not null
column ledger.provider text not null
column ledger.model text not null
column ledger.tier text not null
column ledger.price_id bigint not null
column ledger.billed_at timestamp with time zone not null
column ledger.input_tokens bigint not null
column ledger.cached_input_tokens bigint not null
column ledger.cache_write_tokens bigint not null
column ledger.cache_write_long_tokens bigint not null
column ledger.output_tokens bigint not null
column ledger.reasoning_tokens bigint not null
column ledger.input_usd numeric not null
column ledger.cached_input_usd numeric not null
column ledger.cache_write_usd numeric not null
column ledger.output_usd numeric not null
column ledger.reasoning_usd numeric not null
column ledger.total_usd numeric not null default ((((input_usd + cached_input_usd) + cache_write_usd) + output_usd) + reasoning_usd)
column located_quotes.run_id text
column located_quotes.document_id text
column located_quotes.custom_id text
column located_quotes.place text
column located_quotes.field text
column located_quotes.starts_at integer
column located_quotes.ends_at integer
column located_quotes.page integer
column located_quotes.is_exact boolean
column located_quotes.before text
column located_quotes.quote text
column located_quotes.after text
column lookup_costs.run_id text
column lookup_costs.tenant text
column lookup_costs.item_key text
column lookup_costs.decision text
column lookup_costs.is_right boolean
column lookup_costs.shadow_usd numeric
column machine_time.run_id text not null
column machine_time.purpose text not null
column machine_time.texts bigint not null
column machine_time.seconds numeric not null
column machine_time.usd_per_hour numeric not null
column misses.item_key text not null
column misses.namespace_id bigint not null
column misses.run_id text not null
column misses.document_id text not null
column misses.state text not null
column misses.leader_key text
column misses.similarity real
column misses.embedding vector(384)
column misses.prompt text
column misses.prompt_tokens integer
column misses.attempts_used smallint not null default 0
column misses.attempts_first smallint not null default 1
column misses.created_at timestamp with time zone not null
column misses.guard_marks text[]
column misses.policy text
column misses.measure text not null default 'cosine'::text
column misses.shingles integer[]
column misses.lasting_failure_code text
column misses.lasting_failure_reason text
column misses.document text
column namespaces.namespace_id bigint not null identity
column namespaces.tenant text not null
column namespaces.task_fingerprint text not null
column namespaces.embedding_model text not null
column namespaces.created_at timestamp with time zone not null
column near_duplicate_bands.item_key text not null
column near_duplicate_bands.namespace_id bigint not null
column near_duplicate_bands.band smallint not null
column near_duplicate_bands.bits integer not null
column near_duplicate_bands.is_leaders boolean not null default false
column online_requests.custom_id text not null
column online_requests.submission_id text not null
column online_requests.asked_at timestamp with time zone not null
column online_requests.response_status smallint
column online_requests.response_body text
column online_requests.answered_at timestamp with time zone
column online_requests.response_id text
column open_submissions.submission_id text
column open_submissions.run_id text
column open_submissions.provider text
column open_submissions.model text
column open_submissions.tier text
column open_submissions.mode text
column open_submissions.state text
column open_submissions.requests integer
column open_submissions.request_bytes bigint
column open_submissions.prompt_tokens bigint
column open_submissions.provider_batch_id text
column open_submissions.tries smallint
column open_submissions.not_before timestamp with time zone
column open_submissions.lease_owner text
column open_submissions.lease_until timestamp with time zone
column open_submissions.planned_at timestamp with time zone
column open_submissions.in_progress_at timestamp with time zone
column open_submissions.ended_at timestamp with time zone
column open_submissions.cancel_requested_at timestamp with time zone
column open_submissions.reserved_usd numeric
column open_submissions.results_lost_at timestamp with time zone
column output_waste.tenant text
column output_waste.task text
column output_waste.tier text
column output_waste.model text
column output_waste.billed_output_tokens bigint
column output_waste.rejected_output_tokens bigint
column output_waste.reasoning_tokens bigint
column output_waste.wasted_usd numeric
column output_waste.wasted_share numeric
column output_waste.limit_used_share numeric
column plan_against_actual.run_id text
column plan_against_actual.night timestamp with time zone
column plan_against_actual.tenant text
column plan_against_actual.task text
column plan_against_actual.nights_learnt_from integer
column plan_against_actual.planned_items bigint
column plan_against_actual.items bigint
column plan_against_actual.planned_asked bigint
column plan_against_actual.asked bigint
column plan_against_actual.undone bigint
column plan_against_actual.planned_baseline_usd numeric
column plan_against_actual.baseline_usd numeric
column plan_against_actual.low_usd numeric
column plan_against_actual.expected_usd numeric
column plan_against_actual.high_usd numeric
column plan_against_actual.actual_usd numeric
column plan_against_actual.difference_usd numeric
column plan_against_actual.difference_percent numeric
column plan_against_actual.is_within boolean
column plan_against_actual_savings.run_id text
column plan_against_actual_savings.night timestamp with time zone
column plan_against_actual_savings.tenant text
column plan_against_actual_savings.task text
column plan_against_actual_savings.step integer
column plan_against_actual_savings.mechanism text
column plan_against_actual_savings.planned_usd numeric
column plan_against_actual_savings.actual_usd numeric
column plan_against_actual_savings.difference_usd numeric
column plan_against_actual_tiers.run_id text
column plan_against_actual_tiers.step integer
column plan_against_actual_tiers.tier text
column plan_against_actual_tiers.provider text
column plan_against_actual_tiers.model text
column plan_against_actual_tiers.planned_requests numeric
column plan_against_actual_tiers.requests bigint
column plan_against_actual_tiers.planned_input_tokens numeric
column plan_against_actual_tiers.input_tokens bigint
column plan_against_actual_tiers.planned_output_tokens numeric
column plan_against_actual_tiers.output_tokens bigint
column plan_against_actual_tiers.planned_usd numeric
column plan_against_actual_tiers.actual_usd numeric
column posted_charge_sums.run_id text not null
column posted_charge_sums.night timestamp with time zone not null
column posted_charge_sums.day date not null
column posted_charge_sums.tenant text not null
column posted_charge_sums.task text not null
column posted_charge_sums.tier text not null
column posted_charge_sums.provider text not null
column posted_charge_sums.model text not null
column posted_charge_sums.mode text not null
column posted_charge_sums.state text not null
column posted_charge_sums.failure_code text
column posted_charge_sums.price_id bigint
column posted_charge_sums.attempts bigint not null
column posted_charge_sums.input_tokens bigint not null
column posted_charge_sums.cached_input_tokens bigint not null
column posted_charge_sums.cache_write_tokens bigint not null
column posted_charge_sums.cache_write_long_tokens bigint not null
column posted_charge_sums.output_tokens bigint not null
column posted_charge_sums.reasoning_tokens bigint not null
column posted_charge_sums.output_limit_tokens bigint not null
column posted_charge_sums.input_usd numeric not null
column posted_charge_sums.cached_input_usd numeric not null
column posted_charge_sums.cache_write_usd numeric not null
column posted_charge_sums.output_usd numeric not null
column posted_charge_sums.reasoning_usd numeric not null
column posted_charge_sums.total_usd numeric not null
column posted_item_costs.run_id text not null
column posted_item_costs.document_id text not null
column posted_item_costs.night timestamp with time zone not null
column posted_item_costs.item_key text not null
column posted_item_costs.leader_key text
column posted_item_costs.tenant text not null
column posted_item_costs.task text not null
column posted_item_costs.state text not null
column posted_item_costs.answered_by text
column posted_item_costs.failure_code text
column posted_item_costs.tier text
column posted_item_costs.provider text
column posted_item_costs.model text
column posted_item_costs.baseline_usd numeric
column posted_item_costs.saved_by_exact_duplicates_usd numeric
column posted_item_costs.saved_by_exact_cache_usd numeric
column posted_item_costs.saved_by_semantic_cache_usd numeric
column posted_item_costs.saved_by_near_duplicates_usd numeric
column posted_item_costs.saved_by_retrieval_usd numeric
column posted_item_costs.saved_by_routing_usd numeric
column posted_item_costs.saved_by_prompt_caching_usd numeric
column posted_item_costs.saved_by_output_control_usd numeric
column posted_item_costs.saved_by_batch_usd numeric
column posted_item_costs.saved_by_escalation_usd numeric
column posted_item_costs.saved_by_failing_usd numeric
column posted_item_costs.actual_usd numeric not null
column posted_item_costs.attributed_usd numeric not null
column posted_item_costs.machine_usd numeric not null
column posted_item_costs.saved_by_audit_usd numeric default 0
column posted_item_sums.run_id text not null
column posted_item_sums.night timestamp with time zone not null
column posted_item_sums.tenant text not null
column posted_item_sums.task text not null
column posted_item_sums.state text not null
column posted_item_sums.answered_by text
column posted_item_sums.failure_code text
column posted_item_sums.tier text
column posted_item_sums.provider text
column posted_item_sums.model text
column posted_item_sums.items bigint not null
column posted_item_sums.baseline_usd numeric not null
column posted_item_sums.saved_by_exact_duplicates_usd numeric not null
column posted_item_sums.saved_by_exact_cache_usd numeric not null
column posted_item_sums.saved_by_semantic_cache_usd numeric not null
column posted_item_sums.saved_by_near_duplicates_usd numeric not null
column posted_item_sums.saved_by_retrieval_usd numeric not null
column posted_item_sums.saved_by_routing_usd numeric not null
column posted_item_sums.saved_by_prompt_caching_usd numeric not null
column posted_item_sums.saved_by_output_control_usd numeric not null
column posted_item_sums.saved_by_batch_usd numeric not null
column posted_item_sums.saved_by_escalation_usd numeric not null
column posted_item_sums.saved_by_failing_usd numeric not null
column posted_item_sums.actual_usd numeric not null
column posted_item_sums.attributed_usd numeric not null
column posted_item_sums.machine_usd numeric not null
column posted_item_sums.unbalanced_items bigint not null
column posted_item_sums.saved_by_audit_usd numeric not null default 0
column posted_lookup_sums.run_id text not null
column posted_lookup_sums.tenant text not null
column posted_lookup_sums.lookups bigint not null
column posted_lookup_sums.hits bigint not null
column posted_lookup_sums.shadows bigint not null
column posted_lookup_sums.vetoes bigint not null
column posted_lookup_sums.verified bigint not null
column posted_lookup_sums.wrong bigint not null
column posted_lookup_sums.shadow_usd numeric not null
column price_change_impact.month date
column price_change_impact.tenant text
column price_change_impact.task text
column price_change_impact.provider text
column price_change_impact.model text
column price_change_impact.newest_price_from timestamp with time zone
column price_change_impact.charged_usd numeric
column price_change_impact.at_newest_prices_usd numeric
column price_change_impact.difference_usd numeric
column price_factors.provider text not null
column price_factors.service text not null
column price_factors.effective_from timestamp with time zone not null
column price_factors.basis text not null
column price_factors.factor numeric not null
column price_factors.source text not null
column prices.price_id bigint not null identity
column prices.provider text not null
column prices.model text not null
column prices.effective_from timestamp with time zone not null
column prices.input_tokens_above integer not null
column prices.input_usd numeric not null
column prices.cached_input_usd numeric not null
column prices.cache_write_usd numeric not null
column prices.cache_write_long_usd numeric not null
column prices.output_usd numeric not null
column prices.batch_input_usd numeric not null
column prices.batch_cached_input_usd numeric not null
column prices.batch_cache_write_usd numeric not null
column prices.batch_cache_write_long_usd numeric not null
column prices.batch_output_usd numeric not null
column prices.source text not null
column prices.reasoning_usd numeric not null
column prices.batch_reasoning_usd numeric not null
column prices.cache_storage_usd_hour numeric not null default 0
column prices.cacheable_tokens_min integer
column prices.context_tokens_max integer
column prices.output_tokens_max integer
column prompt_cache_marks.run_id text
column prompt_cache_marks.tenant text
column prompt_cache_marks.task text
column prompt_cache_marks.night date
column prompt_cache_marks.tier text
column prompt_cache_marks.provider text
column prompt_cache_marks.model text
column prompt_cache_marks.mark text
column prompt_cache_marks.requests bigint
column prompt_cache_marks.findable bigint
column prompt_cache_marks.served bigint
column prompt_cache_marks.served_share numeric
column prompt_cache_marks.cached_input_tokens bigint
column prompt_cache_marks.cache_write_tokens bigint
column prompt_cache_marks.saved_usd numeric
column provider_quotas.provider text not null
column provider_quotas.model text not null
column provider_quotas.enqueued_tokens_max bigint
column provider_quotas.hold_until timestamp with time zone not null
column provider_quotas.learnt_at timestamp with time zone not null
column provider_quotas.account text not null default ''::text
column raw_answers.custom_id text not null
column raw_answers.namespace_id bigint not null
column raw_answers.answer text not null
column reconciliations.provider text not null
column reconciliations.account text not null
column reconciliations.restored_at timestamp with time zone not null
column reconciliations.reconciled_at timestamp with time zone
column rejected_answers.custom_id text not null
column rejected_answers.namespace_id bigint not null
column rejected_answers.answer text not null
column rejected_answers.rejected_at timestamp with time zone not null
column results.run_id text not null
column results.document_id text not null
column results.item_key text not null
column results.source_key text not null
column results.answer jsonb not null
column results.output_tokens integer not null
column results.created_at timestamp with time zone not null
column results.kept text
column run_balance_check.run_id text
column run_balance_check.charged_difference_usd numeric
column run_balance_check.reserved_difference_usd numeric
column run_balance_check.attributed_difference_usd numeric
column run_balance_check.shared_difference_usd numeric
column run_balance_check.unbalanced_items bigint
column run_balance_check.open_items bigint
column run_files.run_id text not null
column run_files.source_uri text not null
column run_files.source_hash text not null default md5(source_uri)
column run_files.format text not null
column run_files.encoding text
column run_files.separator text
column run_files.header text[] not null
column run_files.assumptions text[] not null
column run_files.documents bigint not null
column run_files.refused bigint not null
column run_progress.run_id text
column run_progress.state text
column run_progress.items bigint
column run_progress.settled bigint
column run_progress.failed bigint
column run_progress.open bigint
column run_progress.attempts bigint
column run_progress.attempts_ended bigint
column run_progress.submissions_open bigint
column run_progress.dead_letters bigint
column runs.run_id text not null
column runs.namespace_id bigint not null
column runs.corpus text not null
column runs.state text not null
column runs.budget_usd numeric
column runs.reserved_usd numeric not null default 0
column runs.charged_usd numeric not null default 0
column runs.started_at timestamp with time zone not null
column runs.deadline_at timestamp with time zone not null
column runs.prepared_at timestamp with time zone
column runs.finished_at timestamp with time zone
column runs.alive_until timestamp with time zone
column runs.unknown_usd numeric not null default 0
column runs.uncapped_output_tokens integer
column runs.machine_usd_per_hour numeric not null default 0
column runs.posted_at timestamp with time zone
column runs.task_name text not null
column runs.corpus_listing text
column runs.audits_run_id text
column runs.audit_pass smallint
column savings_waterfall.run_id text
column savings_waterfall.night timestamp with time zone
column savings_waterfall.tenant text
column savings_waterfall.task text
column savings_waterfall.step integer
column savings_waterfall.mechanism text
column savings_waterfall.saved_usd numeric
column savings_waterfall.remaining_usd numeric
column self_host_break_even.month date
column self_host_break_even.tenant text
column self_host_break_even.tier text
column self_host_break_even.offer text
column self_host_break_even.tokens numeric
column self_host_break_even.api_usd numeric
column self_host_break_even.machine_hours numeric
column self_host_break_even.on_demand_usd numeric
column self_host_break_even.always_on_usd numeric
column self_host_break_even.break_even_tokens_a_month numeric
column self_host_break_even.on_demand_pays boolean
column self_host_break_even.always_on_pays boolean
column self_host_break_even.rule_of_thumb_says_pays boolean
column self_host_offers.offer text not null
column self_host_offers.gpu_usd_per_hour numeric not null
column self_host_offers.input_tokens_per_second numeric not null
column self_host_offers.output_tokens_per_second numeric not null
column self_host_offers.source text not null
column self_host_offers.measured_at timestamp with time zone not null
column semantic_cache_risk.run_id text
column semantic_cache_risk.task text
column semantic_cache_risk.tenant text
column semantic_cache_risk.max_error real
column semantic_cache_risk.confidence real
column semantic_cache_risk.threshold real
column semantic_cache_risk.evidence integer
column semantic_cache_risk.drift_found boolean
column semantic_cache_risk.lookups bigint
column semantic_cache_risk.hits bigint
column semantic_cache_risk.shadows bigint
column semantic_cache_risk.vetoes bigint
column semantic_cache_risk.hit_rate numeric
column semantic_cache_risk.verified bigint
column semantic_cache_risk.wrong bigint
column semantic_cache_risk.observed_error numeric
column semantic_cache_risk.observed_error_low numeric
column semantic_cache_risk.observed_error_high numeric
column semantic_cache_risk.shadow_usd numeric
column semantic_cache_risk.saved_usd numeric
column semantic_cache_risk.saved_net_usd numeric
column semantic_cache_risk.is_per_request boolean
column semantic_lookups.lookup_id bigint not null identity
column semantic_lookups.namespace_id bigint not null
column semantic_lookups.run_id text not null
column semantic_lookups.item_key text not null
column semantic_lookups.source_key text
column semantic_lookups.similarity real
column semantic_lookups.score real not null
column semantic_lookups.threshold real not null
column semantic_lookups.error_bound real
column semantic_lookups.decision text not null
column semantic_lookups.veto text
column semantic_lookups.is_sampled boolean not null
column semantic_lookups.policy text not null
column semantic_lookups.is_right boolean
column semantic_lookups.looked_up_at timestamp with time zone not null
column semantic_lookups.verified_at timestamp with time zone
column semantic_lookups.awaits_answer boolean not null
column semantic_lookups.answer_key text
column semantic_lookups.answered_at timestamp with time zone
column semantic_thresholds.namespace_id bigint not null
column semantic_thresholds.run_id text not null
column semantic_thresholds.threshold real not null
column semantic_thresholds.policy text not null
column semantic_thresholds.max_error real not null
column semantic_thresholds.confidence real not null
column semantic_thresholds.error_bound real
column semantic_thresholds.shadow_share real not null
column semantic_thresholds.evidence integer not null
column semantic_thresholds.drift_found boolean not null
column semantic_thresholds.learnt_at timestamp with time zone not null
column semantic_thresholds.is_per_request boolean not null default false
column served_otherwise.run_id text
column served_otherwise.tenant text
column served_otherwise.task text
column served_otherwise.tier text
column served_otherwise.provider text
column served_otherwise.asked_model text
column served_otherwise.served_model text
column served_otherwise.service_tier text
column served_otherwise.attempts bigint
column served_otherwise.total_usd numeric
column slowest_items.run_id text
column slowest_items.document_id text
column slowest_items.tenant text
column slowest_items.task text
column slowest_items.state text
column slowest_items.answered_by text
column slowest_items.failure_code text
column slowest_items.took interval
column slowest_items.requests bigint
column stray_batches.provider text not null
column stray_batches.account text not null
column stray_batches.provider_batch_id text not null
column stray_batches.holds boolean not null
column stray_batches.state text not null
column stray_batches.created_at timestamp with time zone not null
column stray_batches.found_at timestamp with time zone not null
column stray_batches.ended_seen_at timestamp with time zone
column stray_batches.read_at timestamp with time zone
column stray_charges.provider text not null
column stray_charges.provider_batch_id text not null
column stray_charges.custom_id text not null
column stray_charges.model text not null
column stray_charges.billed_at timestamp with time zone not null
column stray_charges.price_id bigint not null
column stray_charges.usd numeric not null
column stray_charges.submission_id text
column stray_charges.resolved_at timestamp with time zone
column submission_transitions.from_state text not null
column submission_transitions.to_state text not null
column submission_transitions.meaning text not null
column submissions.submission_id text not null
column submissions.namespace_id bigint not null
column submissions.run_id text not null
column submissions.provider text not null
column submissions.model text not null
column submissions.tier text not null
column submissions.state text not null
column submissions.requests integer not null
column submissions.request_bytes bigint not null
column submissions.input_file_id text
column submissions.provider_batch_id text
column submissions.failure_code text
column submissions.failure_reason text
column submissions.planned_at timestamp with time zone not null
column submissions.creating_at timestamp with time zone
column submissions.in_progress_at timestamp with time zone
column submissions.ended_at timestamp with time zone
column submissions.collected_at timestamp with time zone
column submissions.ending text
column submissions.mode text not null default 'batch'::text
column submissions.came_from text
column submissions.prompt_tokens bigint not null default 0
column submissions.lease_owner text
column submissions.lease_until timestamp with time zone
column submissions.tries smallint not null default 0
column submissions.not_before timestamp with time zone
column submissions.uploading_at timestamp with time zone
column submissions.cancel_requested_at timestamp with time zone
column submissions.cancel_reason text
column submissions.account text
column submissions.provider_creating_at timestamp with time zone
column submissions.provider_renewed_at timestamp with time zone
column submissions.adopted boolean not null default false
column submissions.cache_mark text
column submissions.cache_wave smallint
column submissions.cache_holds boolean not null default false
column submissions.cache_mark_refused boolean not null default false
column tasks.task_fingerprint text not null
column tasks.name text not null
column tasks.definition jsonb not null
column tasks.baseline_provider text not null
column tasks.baseline_model text not null
column tasks.created_at timestamp with time zone not null
column tasks.tenant text not null
column text_embeddings.tenant text not null
column text_embeddings.model text not null
column text_embeddings.content_hash text not null
column text_embeddings.windows integer not null
column text_embeddings.embedding vector(384)
column text_embeddings.created_at timestamp with time zone not null
column text_embeddings.used_at timestamp with time zone not null
column unknown_spend.run_id text
column unknown_spend.provider text
column unknown_spend.model text
column unknown_spend.custom_id text
column unknown_spend.item_key text
column unknown_spend.asked_at timestamp with time zone
column unknown_spend.worst_case_usd numeric
constraint answer_quotes answer_quotes_attempt_fkey FOREIGN KEY (custom_id) REFERENCES attempts(custom_id)
constraint answer_quotes answer_quotes_namespace_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces(namespace_id)
constraint answer_quotes answer_quotes_pkey PRIMARY KEY (custom_id, place)
constraint answer_quotes answer_quotes_starts_before_it_ends CHECK (((starts_at >= 0) AND (starts_at < ends_at)))
constraint answer_views answer_views_pkey PRIMARY KEY (view_name)
constraint answer_views answer_views_task_key UNIQUE (tenant, task)
constraint attempts attempts_billed_key UNIQUE (custom_id, billed_at)
constraint attempts attempts_billed_was_submitted CHECK (((billed_at IS NULL) OR (state = ANY (ARRAY['succeeded'::text, 'rejected'::text, 'errored'::text]))))
constraint attempts attempts_custom_id_is_portable CHECK ((custom_id ~ '^[A-Za-z0-9_-]{1,64}$'::text))
constraint attempts attempts_ended_has_time CHECK (((state = ANY (ARRAY['succeeded'::text, 'rejected'::text, 'errored'::text])) = (ended_at IS NOT NULL)))
constraint attempts attempts_failure_says_why CHECK (((state = ANY (ARRAY['rejected'::text, 'errored'::text])) = (failure_code IS NOT NULL)))
constraint attempts attempts_miss_fkey FOREIGN KEY (item_key) REFERENCES misses(item_key)
constraint attempts attempts_mode_is_known CHECK ((mode = ANY (ARRAY['batch'::text, 'online'::text])))
constraint attempts attempts_number_key UNIQUE (item_key, attempt_number)
constraint attempts attempts_pkey PRIMARY KEY (custom_id)
constraint attempts attempts_state_is_known CHECK ((state = ANY (ARRAY['unfunded'::text, 'planned'::text, 'submitted'::text, 'succeeded'::text, 'rejected'::text, 'errored'::text])))
constraint attempts attempts_submission_fkey FOREIGN KEY (submission_id) REFERENCES submissions(submission_id)
constraint attempts attempts_submitted_has_submission CHECK (((state = ANY (ARRAY['submitted'::text, 'succeeded'::text, 'rejected'::text])) <= (submission_id IS NOT NULL)))
constraint audits audits_compared_with_is_known CHECK ((compared_with = ANY (ARRAY['reference'::text, 'gold'::text])))
constraint audits audits_differing_says_where CHECK ((agrees = (differing_fields = '{}'::text[])))
constraint audits audits_item_fkey FOREIGN KEY (run_id, document_id) REFERENCES items(run_id, document_id) ON UPDATE CASCADE
constraint audits audits_namespace_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces(namespace_id)
constraint audits audits_pkey PRIMARY KEY (run_id, document_id, compared_with)
constraint audits audits_reference_run_fkey FOREIGN KEY (reference_run_id) REFERENCES runs(run_id)
constraint audits audits_reference_says_where CHECK (((compared_with = 'reference'::text) = (reference_run_id IS NOT NULL)))
constraint budgets budgets_limit_is_not_negative CHECK ((limit_usd >= (0)::numeric))
constraint budgets budgets_natural_key UNIQUE (tenant, task, period)
constraint budgets budgets_period_is_known CHECK ((period = ANY (ARRAY['day'::text, 'month'::text, 'total'::text])))
constraint budgets budgets_pkey PRIMARY KEY (budget_id)
constraint cache_entries cache_entries_answer_is_not_empty CHECK ((answer <> ALL (ARRAY['null'::jsonb, '{}'::jsonb, '[]'::jsonb, '""'::jsonb]))) NOT VALID
constraint cache_entries cache_entries_counts_are_not_negative CHECK (((agreed >= 0) AND (contradicted >= 0)))
constraint cache_entries cache_entries_embedding_only_of_its_own CHECK (((embedding IS NULL) OR (source_key = item_key)))
constraint cache_entries cache_entries_kept_has_origin CHECK (((kept IS NULL) = (origin_key IS NULL)))
constraint cache_entries cache_entries_kept_is_known CHECK ((kept = ANY (ARRAY['unaffected'::text, 'by_request'::text])))
constraint cache_entries cache_entries_measure_is_known CHECK ((measure = ANY (ARRAY['cosine'::text, 'jaccard'::text])))
constraint cache_entries cache_entries_namespace_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces(namespace_id)
constraint cache_entries cache_entries_pkey PRIMARY KEY (item_key)
constraint cache_entries cache_entries_similarity_in_range CHECK (((similarity >= ('-1'::integer)::double precision) AND (similarity <= (1)::double precision)))
constraint dead_letters dead_letters_pkey PRIMARY KEY (run_id, source_hash, source_position)
constraint dead_letters dead_letters_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint forecast_savings forecast_savings_pkey PRIMARY KEY (run_id, step)
constraint forecast_savings forecast_savings_run_fkey FOREIGN KEY (run_id) REFERENCES forecasts(run_id) ON DELETE CASCADE
constraint forecast_tiers forecast_tiers_pkey PRIMARY KEY (run_id, step)
constraint forecast_tiers forecast_tiers_run_fkey FOREIGN KEY (run_id) REFERENCES forecasts(run_id) ON DELETE CASCADE
constraint forecasts forecasts_are_ordered CHECK ((((0)::numeric <= low_usd) AND (low_usd <= expected_usd) AND (expected_usd <= high_usd)))
constraint forecasts forecasts_pkey PRIMARY KEY (run_id)
constraint forecasts forecasts_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id) ON DELETE CASCADE
constraint gold_answers gold_answers_answer_is_an_object CHECK ((jsonb_typeof(answer) = 'object'::text))
constraint gold_answers gold_answers_given_by_is_known CHECK ((given_by = ANY (ARRAY['file'::text, 'person'::text])))
constraint gold_answers gold_answers_pkey PRIMARY KEY (tenant, task, document_id)
constraint items items_answered_by_is_known CHECK ((answered_by = ANY (ARRAY['model'::text, 'exact_hit'::text, 'semantic_hit'::text, 'leader'::text])))
constraint items items_answered_says_by_what CHECK (((state = 'answered'::text) = (answered_by IS NOT NULL)))
constraint items items_failed_says_why CHECK (((state = 'failed'::text) = (failure_code IS NOT NULL)))
constraint items items_pkey PRIMARY KEY (run_id, document_id)
constraint items items_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint items items_settled_has_time CHECK (((state = ANY (ARRAY['answered'::text, 'failed'::text])) = (settled_at IS NOT NULL)))
constraint items items_state_is_known CHECK ((state = ANY (ARRAY['new'::text, 'waiting'::text, 'answered'::text, 'failed'::text])))
constraint items items_waiting_has_leader CHECK (((state <> 'waiting'::text) OR (leader_key IS NOT NULL)))
constraint ledger ledger_attempt_fkey FOREIGN KEY (custom_id, billed_at) REFERENCES attempts(custom_id, billed_at)
constraint ledger ledger_is_not_negative CHECK ((LEAST(input_tokens, cached_input_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens, reasoning_tokens) >= 0))
constraint ledger ledger_one_charge_per_attempt PRIMARY KEY (custom_id, billed_at)
constraint ledger ledger_price_fkey FOREIGN KEY (price_id) REFERENCES prices(price_id)
constraint machine_time machine_time_is_not_negative CHECK ((LEAST((texts)::numeric, seconds, usd_per_hour) >= (0)::numeric))
constraint machine_time machine_time_pkey PRIMARY KEY (run_id, purpose)
constraint machine_time machine_time_purpose_is_known CHECK ((purpose = 'embedding'::text))
constraint machine_time machine_time_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint misses misses_follower_has_leader CHECK (((state = 'follower'::text) <= ((leader_key IS NOT NULL) AND (leader_key <> item_key))))
constraint misses misses_lasting_failure_is_whole CHECK (((lasting_failure_code IS NULL) = (lasting_failure_reason IS NULL)))
constraint misses misses_measure_is_known CHECK ((measure = ANY (ARRAY['cosine'::text, 'jaccard'::text])))
constraint misses misses_pkey PRIMARY KEY (item_key)
constraint misses misses_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint misses misses_state_is_known CHECK ((state = ANY (ARRAY['candidate'::text, 'leader'::text, 'follower'::text, 'asked'::text, 'answered'::text, 'failed'::text])))
constraint namespaces namespaces_natural_key UNIQUE (tenant, task_fingerprint, embedding_model)
constraint namespaces namespaces_pkey PRIMARY KEY (namespace_id)
constraint namespaces namespaces_task_fkey FOREIGN KEY (tenant, task_fingerprint) REFERENCES tasks(tenant, task_fingerprint)
constraint near_duplicate_bands near_duplicate_bands_miss_fkey FOREIGN KEY (item_key) REFERENCES misses(item_key) ON DELETE CASCADE
constraint near_duplicate_bands near_duplicate_bands_pkey PRIMARY KEY (item_key, band)
constraint online_requests online_requests_answered_is_whole CHECK ((((response_status IS NULL) = (answered_at IS NULL)) AND ((response_status IS NULL) = (response_body IS NULL))))
constraint online_requests online_requests_attempt_fkey FOREIGN KEY (custom_id) REFERENCES attempts(custom_id)
constraint online_requests online_requests_pkey PRIMARY KEY (custom_id)
constraint posted_charge_sums posted_charge_sums_key UNIQUE NULLS NOT DISTINCT (run_id, day, tier, provider, model, mode, state, failure_code, price_id)
constraint posted_item_costs posted_item_costs_pkey PRIMARY KEY (run_id, document_id, night)
constraint posted_item_sums posted_item_sums_key UNIQUE NULLS NOT DISTINCT (run_id, state, answered_by, failure_code, tier, provider, model)
constraint posted_lookup_sums posted_lookup_sums_pkey PRIMARY KEY (run_id)
constraint price_factors price_factors_are_positive CHECK ((factor > (0)::numeric))
constraint price_factors price_factors_basis_is_known CHECK ((basis = ANY (ARRAY['asked'::text, 'batch'::text])))
constraint price_factors price_factors_pkey PRIMARY KEY (provider, service, effective_from)
constraint prices prices_are_positive CHECK (((input_usd > (0)::numeric) AND (output_usd > (0)::numeric) AND (batch_input_usd > (0)::numeric) AND (batch_output_usd > (0)::numeric)))
constraint prices prices_classes_are_not_negative CHECK ((LEAST(cached_input_usd, cache_write_usd, cache_write_long_usd, batch_cached_input_usd, batch_cache_write_usd, batch_cache_write_long_usd, cache_storage_usd_hour, (input_tokens_above)::numeric) >= (0)::numeric))
constraint prices prices_limits_are_positive CHECK ((LEAST(cacheable_tokens_min, context_tokens_max, output_tokens_max) > 0))
constraint prices prices_natural_key UNIQUE (provider, model, effective_from, input_tokens_above)
constraint prices prices_pkey PRIMARY KEY (price_id)
constraint prices prices_reasoning_is_positive CHECK (((reasoning_usd > (0)::numeric) AND (batch_reasoning_usd > (0)::numeric)))
constraint provider_quotas provider_quotas_is_positive CHECK ((enqueued_tokens_max > 0))
constraint provider_quotas provider_quotas_pkey PRIMARY KEY (provider, model, account)
constraint raw_answers raw_answers_attempt_fkey FOREIGN KEY (custom_id) REFERENCES attempts(custom_id)
constraint raw_answers raw_answers_namespace_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces(namespace_id)
constraint raw_answers raw_answers_pkey PRIMARY KEY (custom_id)
constraint reconciliations reconciliations_pkey PRIMARY KEY (provider, account)
constraint rejected_answers rejected_answers_attempt_fkey FOREIGN KEY (custom_id) REFERENCES attempts(custom_id)
constraint rejected_answers rejected_answers_namespace_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces(namespace_id)
constraint rejected_answers rejected_answers_pkey PRIMARY KEY (custom_id)
constraint results results_item_fkey FOREIGN KEY (run_id, document_id) REFERENCES items(run_id, document_id)
constraint results results_kept_is_known CHECK ((kept = ANY (ARRAY['unaffected'::text, 'by_request'::text])))
constraint results results_pkey PRIMARY KEY (run_id, document_id)
constraint run_files run_files_pkey PRIMARY KEY (run_id, source_hash)
constraint run_files run_files_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint runs runs_assumptions_are_positive CHECK (((uncapped_output_tokens > 0) AND (machine_usd_per_hour >= (0)::numeric)))
constraint runs runs_audit_is_whole CHECK (((audits_run_id IS NULL) = (audit_pass IS NULL)))
constraint runs runs_audit_pass_is_known CHECK ((audit_pass = ANY (ARRAY[1, 2])))
constraint runs runs_audits_run_fkey FOREIGN KEY (audits_run_id) REFERENCES runs(run_id)
constraint runs runs_finished_has_time CHECK (((state = 'finished'::text) = (finished_at IS NOT NULL)))
constraint runs runs_id_is_printable CHECK ((run_id ~ '^[A-Za-z0-9_.:+-]{1,250}$'::text))
constraint runs runs_money_is_not_negative CHECK (((reserved_usd >= (0)::numeric) AND (charged_usd >= (0)::numeric) AND (budget_usd >= (0)::numeric)))
constraint runs runs_namespace_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces(namespace_id)
constraint runs runs_pkey PRIMARY KEY (run_id)
constraint runs runs_posted_is_finished CHECK (((posted_at IS NULL) OR (state = 'finished'::text)))
constraint runs runs_state_is_known CHECK ((state = ANY (ARRAY['planning'::text, 'open'::text, 'finished'::text])))
constraint runs runs_unknown_is_not_negative CHECK ((unknown_usd >= (0)::numeric))
constraint self_host_offers self_host_offers_are_positive CHECK ((LEAST(gpu_usd_per_hour, input_tokens_per_second, output_tokens_per_second) > (0)::numeric))
constraint self_host_offers self_host_offers_pkey PRIMARY KEY (offer)
constraint semantic_lookups semantic_lookups_decision_is_known CHECK ((decision = ANY (ARRAY['hit'::text, 'shadow'::text, 'miss'::text, 'vetoed'::text])))
constraint semantic_lookups semantic_lookups_found_is_whole CHECK (((source_key IS NULL) = (similarity IS NULL)))
constraint semantic_lookups semantic_lookups_namespace_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces(namespace_id)
constraint semantic_lookups semantic_lookups_once_a_run UNIQUE (run_id, item_key)
constraint semantic_lookups semantic_lookups_pkey PRIMARY KEY (lookup_id)
constraint semantic_lookups semantic_lookups_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint semantic_lookups semantic_lookups_verified_has_time CHECK (((is_right IS NULL) = (verified_at IS NULL)))
constraint semantic_lookups semantic_lookups_veto_says_which CHECK (((decision = 'vetoed'::text) = (veto IS NOT NULL)))
constraint semantic_thresholds semantic_thresholds_pkey PRIMARY KEY (namespace_id, run_id)
constraint semantic_thresholds semantic_thresholds_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint stray_batches stray_batches_pkey PRIMARY KEY (provider, provider_batch_id)
constraint stray_batches stray_batches_read_has_time CHECK (((state = 'read'::text) = (read_at IS NOT NULL)))
constraint stray_batches stray_batches_state_is_known CHECK ((state = ANY (ARRAY['working'::text, 'read'::text])))
constraint stray_charges stray_charges_batch_fkey FOREIGN KEY (provider, provider_batch_id) REFERENCES stray_batches(provider, provider_batch_id)
constraint stray_charges stray_charges_is_not_negative CHECK ((usd >= (0)::numeric))
constraint stray_charges stray_charges_pkey PRIMARY KEY (provider, provider_batch_id, custom_id)
constraint stray_charges stray_charges_price_fkey FOREIGN KEY (price_id) REFERENCES prices(price_id)
constraint stray_charges stray_charges_submission_fkey FOREIGN KEY (submission_id) REFERENCES submissions(submission_id)
constraint submission_transitions submission_transitions_pkey PRIMARY KEY (from_state, to_state)
constraint submissions submissions_batch_known CHECK (((state = ANY (ARRAY['in_progress'::text, 'ended'::text, 'collected'::text])) <= (provider_batch_id IS NOT NULL)))
constraint submissions submissions_cache_holds_by_mark CHECK (((NOT cache_holds) OR (cache_mark IS NOT NULL)))
constraint submissions submissions_cache_wave_of_mark CHECK ((((cache_mark IS NULL) = (cache_wave IS NULL)) AND (cache_wave >= 1)))
constraint submissions submissions_cancel_says_why CHECK (((cancel_requested_at IS NULL) = (cancel_reason IS NULL)))
constraint submissions submissions_ended_says_how CHECK (((state <> ALL (ARRAY['ended'::text, 'expired'::text])) OR (ending IS NOT NULL)))
constraint submissions submissions_ending_is_known CHECK ((ending = ANY (ARRAY['completed'::text, 'expired'::text, 'cancelled'::text, 'failed'::text])))
constraint submissions submissions_failed_says_why CHECK (((state <> 'failed'::text) OR (failure_code IS NOT NULL)))
constraint submissions submissions_id_is_portable CHECK ((submission_id ~ '^[A-Za-z0-9_-]{1,64}$'::text))
constraint submissions submissions_is_not_empty CHECK (((requests > 0) AND (request_bytes > 0)))
constraint submissions submissions_lease_ends_with_the_work CHECK (((lease_owner IS NULL) OR (state = ANY (ARRAY['planned'::text, 'uploading'::text, 'creating'::text, 'in_progress'::text, 'ended'::text]))))
constraint submissions submissions_lease_is_whole CHECK (((lease_owner IS NULL) = (lease_until IS NULL)))
constraint submissions submissions_mode_is_known CHECK ((mode = ANY (ARRAY['batch'::text, 'online'::text])))
constraint submissions submissions_pkey PRIMARY KEY (submission_id)
constraint submissions submissions_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint submissions submissions_transition_is_legal FOREIGN KEY (came_from, state) REFERENCES submission_transitions(from_state, to_state)
constraint tasks tasks_fingerprint_is_sha256 CHECK ((task_fingerprint ~ '^[0-9a-f]{64}$'::text))
constraint tasks tasks_pkey PRIMARY KEY (tenant, task_fingerprint)
constraint text_embeddings text_embeddings_content_is_sha256 CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text))
constraint text_embeddings text_embeddings_pkey PRIMARY KEY (tenant, model, content_hash)
constraint text_embeddings text_embeddings_windows_is_not_negative CHECK ((windows >= 0))
index CREATE INDEX answer_quotes_namespace_idx ON nightjar.answer_quotes USING btree (namespace_id)
index CREATE UNIQUE INDEX answer_quotes_pkey ON nightjar.answer_quotes USING btree (custom_id, place)
index CREATE UNIQUE INDEX answer_views_pkey ON nightjar.answer_views USING btree (view_name)
index CREATE UNIQUE INDEX answer_views_task_key ON nightjar.answer_views USING btree (tenant, task)
index CREATE UNIQUE INDEX attempts_billed_key ON nightjar.attempts USING btree (custom_id, billed_at)
index CREATE UNIQUE INDEX attempts_number_key ON nightjar.attempts USING btree (item_key, attempt_number)
index CREATE UNIQUE INDEX attempts_pkey ON nightjar.attempts USING btree (custom_id)
index CREATE INDEX attempts_run_idx ON nightjar.attempts USING btree (run_id)
index CREATE INDEX attempts_served_idx ON nightjar.attempts USING btree (run_id) WHERE ((served_model IS NOT NULL) OR (service_tier IS NOT NULL))
index CREATE INDEX attempts_submission_idx ON nightjar.attempts USING btree (submission_id)
index CREATE INDEX attempts_unfunded_idx ON nightjar.attempts USING btree (namespace_id, run_id, item_key) WHERE (state = 'unfunded'::text)
index CREATE INDEX attempts_unknown_idx ON nightjar.attempts USING btree (run_id) WHERE (failure_code = 'OUTCOME_UNKNOWN'::text)
index CREATE INDEX attempts_unpacked_idx ON nightjar.attempts USING btree (namespace_id, tier, run_id, item_key) WHERE (state = 'planned'::text)
index CREATE INDEX audits_namespace_idx ON nightjar.audits USING btree (namespace_id, compared_at)
index CREATE UNIQUE INDEX audits_pkey ON nightjar.audits USING btree (run_id, document_id, compared_with)
index CREATE UNIQUE INDEX budgets_natural_key ON nightjar.budgets USING btree (tenant, task, period)
index CREATE UNIQUE INDEX budgets_pkey ON nightjar.budgets USING btree (budget_id)
index CREATE INDEX cache_entries_borrowed_idx ON nightjar.cache_entries USING btree (source_key) WHERE (source_key <> item_key)
index CREATE INDEX cache_entries_class_idx ON nightjar.cache_entries USING btree (namespace_id, answer_class COLLATE "C") WHERE (source_key = item_key)
index CREATE INDEX cache_entries_created_idx ON nightjar.cache_entries USING btree (namespace_id, created_at)
index CREATE INDEX cache_entries_embedding_hnsw ON nightjar.cache_entries USING hnsw (embedding vector_cosine_ops)
index CREATE INDEX cache_entries_namespace_idx ON nightjar.cache_entries USING btree (namespace_id)
index CREATE UNIQUE INDEX cache_entries_pkey ON nightjar.cache_entries USING btree (item_key)
index CREATE INDEX cache_entries_unclassified_idx ON nightjar.cache_entries USING btree (namespace_id) WHERE ((answer_class IS NULL) AND (source_key = item_key))
index CREATE UNIQUE INDEX dead_letters_pkey ON nightjar.dead_letters USING btree (run_id, source_hash, source_position)
index CREATE UNIQUE INDEX forecast_savings_pkey ON nightjar.forecast_savings USING btree (run_id, step)
index CREATE UNIQUE INDEX forecast_tiers_pkey ON nightjar.forecast_tiers USING btree (run_id, step)
index CREATE UNIQUE INDEX forecasts_pkey ON nightjar.forecasts USING btree (run_id)
index CREATE UNIQUE INDEX gold_answers_pkey ON nightjar.gold_answers USING btree (tenant, task, document_id)
index CREATE INDEX items_key_idx ON nightjar.items USING btree (item_key, run_id)
index CREATE INDEX items_leader_idx ON nightjar.items USING btree (run_id, leader_key)
index CREATE INDEX items_new_idx ON nightjar.items USING btree (run_id) WHERE (state = 'new'::text)
index CREATE INDEX items_open_idx ON nightjar.items USING btree (run_id) WHERE (state = ANY (ARRAY['new'::text, 'waiting'::text]))
index CREATE UNIQUE INDEX items_pkey ON nightjar.items USING btree (run_id, document_id)
index CREATE INDEX items_used_idx ON nightjar.items USING btree (namespace_id, leader_key) WHERE (answered_by = ANY (ARRAY['exact_hit'::text, 'semantic_hit'::text]))
index CREATE INDEX items_waiting_idx ON nightjar.items USING btree (leader_key) WHERE (state = 'waiting'::text)
index CREATE UNIQUE INDEX ledger_one_charge_per_attempt ON ONLY nightjar.ledger USING btree (custom_id, billed_at)
index CREATE INDEX ledger_price_idx ON ONLY nightjar.ledger USING btree (price_id)
index CREATE INDEX ledger_run_idx ON ONLY nightjar.ledger USING btree (run_id, item_key)
index CREATE UNIQUE INDEX machine_time_pkey ON nightjar.machine_time USING btree (run_id, purpose)
index CREATE INDEX misses_candidates_idx ON nightjar.misses USING btree (namespace_id) WHERE (state = ANY (ARRAY['candidate'::text, 'leader'::text, 'asked'::text]))
index CREATE INDEX misses_elected_idx ON nightjar.misses USING btree (run_id, item_key) WHERE (state = 'candidate'::text)
index CREATE INDEX misses_followers_idx ON nightjar.misses USING btree (leader_key) WHERE (state = 'follower'::text)
index CREATE UNIQUE INDEX misses_pkey ON nightjar.misses USING btree (item_key)
index CREATE UNIQUE INDEX namespaces_natural_key ON nightjar.namespaces USING btree (tenant, task_fingerprint, embedding_model)
index CREATE UNIQUE INDEX namespaces_pkey ON nightjar.namespaces USING btree (namespace_id)
index CREATE INDEX near_duplicate_bands_leaders_idx ON nightjar.near_duplicate_bands USING btree (namespace_id, band, bits) WHERE is_leaders
index CREATE UNIQUE INDEX near_duplicate_bands_pkey ON nightjar.near_duplicate_bands USING btree (item_key, band)
index CREATE UNIQUE INDEX online_requests_pkey ON nightjar.online_requests USING btree (custom_id)
index CREATE INDEX online_requests_submission_idx ON nightjar.online_requests USING btree (submission_id)
index CREATE INDEX posted_charge_sums_day_idx ON nightjar.posted_charge_sums USING btree (day)
index CREATE UNIQUE INDEX posted_charge_sums_key ON nightjar.posted_charge_sums USING btree (run_id, day, tier, provider, model, mode, state, failure_code, price_id) NULLS NOT DISTINCT
index CREATE INDEX posted_item_costs_dearest_idx ON ONLY nightjar.posted_item_costs USING btree (actual_usd DESC)
index CREATE INDEX posted_item_costs_document_idx ON ONLY nightjar.posted_item_costs USING btree (document_id)
index CREATE UNIQUE INDEX posted_item_costs_pkey ON ONLY nightjar.posted_item_costs USING btree (run_id, document_id, night)
index CREATE UNIQUE INDEX posted_item_sums_key ON nightjar.posted_item_sums USING btree (run_id, state, answered_by, failure_code, tier, provider, model) NULLS NOT DISTINCT
index CREATE UNIQUE INDEX posted_lookup_sums_pkey ON nightjar.posted_lookup_sums USING btree (run_id)
index CREATE UNIQUE INDEX price_factors_pkey ON nightjar.price_factors USING btree (provider, service, effective_from)
index CREATE UNIQUE INDEX prices_natural_key ON nightjar.prices USING btree (provider, model, effective_from, input_tokens_above)
index CREATE UNIQUE INDEX prices_pkey ON nightjar.prices USING btree (price_id)
index CREATE UNIQUE INDEX provider_quotas_pkey ON nightjar.provider_quotas USING btree (provider, model, account)
index CREATE INDEX raw_answers_namespace_idx ON nightjar.raw_answers USING btree (namespace_id, custom_id)
index CREATE UNIQUE INDEX raw_answers_pkey ON nightjar.raw_answers USING btree (custom_id)
index CREATE UNIQUE INDEX reconciliations_pkey ON nightjar.reconciliations USING btree (provider, account)
index CREATE INDEX rejected_answers_namespace_idx ON nightjar.rejected_answers USING btree (namespace_id, rejected_at)
index CREATE UNIQUE INDEX rejected_answers_pkey ON nightjar.rejected_answers USING btree (custom_id)
index CREATE INDEX results_kept_idx ON nightjar.results USING btree (run_id) WHERE (kept IS NOT NULL)
index CREATE UNIQUE INDEX results_pkey ON nightjar.results USING btree (run_id, document_id)
index CREATE UNIQUE INDEX run_files_pkey ON nightjar.run_files USING btree (run_id, source_hash)
index CREATE INDEX runs_alive_idx ON nightjar.runs USING btree (alive_until) WHERE (state = 'open'::text)
index CREATE INDEX runs_audits_run_idx ON nightjar.runs USING btree (audits_run_id) WHERE (audits_run_id IS NOT NULL)
index CREATE UNIQUE INDEX runs_one_open_per_corpus ON nightjar.runs USING btree (namespace_id, corpus) WHERE (state = 'open'::text)
index CREATE UNIQUE INDEX runs_pkey ON nightjar.runs USING btree (run_id)
index CREATE INDEX runs_started_idx ON nightjar.runs USING btree (namespace_id, started_at)
index CREATE INDEX runs_task_name_idx ON nightjar.runs USING btree (task_name, started_at)
index CREATE INDEX runs_unposted_idx ON nightjar.runs USING btree (run_id) WHERE (posted_at IS NULL)
index CREATE UNIQUE INDEX self_host_offers_pkey ON nightjar.self_host_offers USING btree (offer)
index CREATE INDEX semantic_lookups_awaiting_idx ON nightjar.semantic_lookups USING btree (namespace_id, item_key) WHERE awaits_answer
index CREATE INDEX semantic_lookups_evidence_idx ON nightjar.semantic_lookups USING btree (namespace_id, verified_at, lookup_id) WHERE (is_sampled AND (is_right IS NOT NULL))
index CREATE UNIQUE INDEX semantic_lookups_once_a_run ON nightjar.semantic_lookups USING btree (run_id, item_key)
index CREATE UNIQUE INDEX semantic_lookups_pkey ON nightjar.semantic_lookups USING btree (lookup_id)
index CREATE INDEX semantic_lookups_unverified_idx ON nightjar.semantic_lookups USING btree (namespace_id, lookup_id) WHERE awaits_answer
index CREATE UNIQUE INDEX semantic_thresholds_pkey ON nightjar.semantic_thresholds USING btree (namespace_id, run_id)
index CREATE UNIQUE INDEX stray_batches_pkey ON nightjar.stray_batches USING btree (provider, provider_batch_id)
index CREATE INDEX stray_batches_working_idx ON nightjar.stray_batches USING btree (provider) WHERE (state = 'working'::text)
index CREATE INDEX stray_charges_free_idx ON nightjar.stray_charges USING btree (item_of_custom_id(custom_id)) WHERE ((submission_id IS NULL) AND (resolved_at IS NULL))
index CREATE UNIQUE INDEX stray_charges_pkey ON nightjar.stray_charges USING btree (provider, provider_batch_id, custom_id)
index CREATE UNIQUE INDEX submission_transitions_pkey ON nightjar.submission_transitions USING btree (from_state, to_state)
index CREATE INDEX submissions_cache_mark_idx ON nightjar.submissions USING btree (provider, model, ended_at) WHERE (cache_mark IS NOT NULL)
index CREATE INDEX submissions_created_idx ON nightjar.submissions USING btree (provider, creating_at) WHERE (mode = 'batch'::text)
index CREATE INDEX submissions_leased_idx ON nightjar.submissions USING btree (lease_until) WHERE (lease_until IS NOT NULL)
index CREATE INDEX submissions_open_idx ON nightjar.submissions USING btree (namespace_id) WHERE (state = ANY (ARRAY['planned'::text, 'uploading'::text, 'creating'::text, 'in_progress'::text, 'ended'::text]))
index CREATE UNIQUE INDEX submissions_pkey ON nightjar.submissions USING btree (submission_id)
index CREATE UNIQUE INDEX submissions_provider_batch_idx ON nightjar.submissions USING btree (provider, provider_batch_id) WHERE (NOT adopted)
index CREATE INDEX submissions_queue_idx ON nightjar.submissions USING btree (provider, model) WHERE (state = ANY (ARRAY['uploading'::text, 'creating'::text, 'in_progress'::text]))
index CREATE INDEX submissions_run_idx ON nightjar.submissions USING btree (run_id)
index CREATE INDEX submissions_waiting_idx ON nightjar.submissions USING btree (not_before) WHERE (not_before IS NOT NULL)
index CREATE UNIQUE INDEX tasks_pkey ON nightjar.tasks USING btree (tenant, task_fingerprint)
index CREATE UNIQUE INDEX text_embeddings_pkey ON nightjar.text_embeddings USING btree (tenant, model, content_hash)
index CREATE INDEX text_embeddings_used_idx ON nightjar.text_embeddings USING btree (tenant, model, used_at)
trigger CREATE TRIGGER ledger_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON nightjar.ledger FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()
trigger CREATE TRIGGER submissions_record_transition BEFORE INSERT OR UPDATE ON nightjar.submissions FOR EACH ROW EXECUTE FUNCTION record_submission_transition()
function add_month(p_table text, p_at timestamp with time zone) returns void
function budget_period_start(p_period text, p_at timestamp with time zone) returns timestamp with time zone
function current_tenant() returns text
function is_visible(p_tenant text) returns boolean
function item_of_custom_id(custom_id text) returns text
function jaccard(a integer[], b integer[]) returns double precision
function log_factorial(n double precision) returns double precision
function make_answers_view(p_tenant text, p_task text, p_columns jsonb, p_made_at timestamp with time zone) returns text
function post_run(p_run_id text, p_posted_at timestamp with time zone) returns void
function price_in_force(p_provider text, p_model text, p_billed_at timestamp with time zone, p_input_tokens bigint) returns SETOF prices
function record_submission_transition() returns trigger
function refresh_statistics() returns void
function refuse_ledger_change() returns trigger
function register_namespace(p_tenant text, p_task_fingerprint text, p_name text, p_definition jsonb, p_baseline_provider text, p_baseline_model text, p_embedding_model text, p_created_at timestamp with time zone) returns bigint
function share_interval(p_seen bigint, p_drawn bigint, p_confidence double precision, OUT low double precision, OUT high double precision) returns record
function split_usd(p_usd numeric, p_before numeric, p_weight numeric, p_total numeric) returns numeric
function unpost_run(p_run_id text) returns void
function unversioned_model(model text) returns text
view agreement
view agreement_by_run
view attempt_costs
view audited_answers
view batch_durations
view budget_status
view cache_effectiveness
view cache_statistics
view cached_token_share
view charge_sums
view corpus_changes
view cost_by_day
view cost_by_document
view cost_by_model
view cost_by_run
view cost_by_task
view cost_by_tenant
view cost_by_tier
view dearest_items
view escalation
view failed_spend
view failures
view input_notes
view item_costs
view item_costs_now
view item_sums
view kept_answers
view located_quotes
view lookup_costs
view open_submissions
view output_waste
view plan_against_actual
view plan_against_actual_savings
view plan_against_actual_tiers
view price_change_impact
view prompt_cache_marks
view run_balance_check
view run_progress
view savings_waterfall
view self_host_break_even
view semantic_cache_risk
view served_otherwise
view slowest_items
view unknown_spend
