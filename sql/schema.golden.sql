-- What the migrations make, as the catalogue describes it. After a deliberate change write it anew:
-- mvn -pl cachestore -am test -Dtest=SchemaTest -Dsurefire.failIfNoSpecifiedTests=false -Dgolden.write=true
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
column cost_by_run.run_id text
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
column cost_by_run.saved_by_batch_usd numeric
column cost_by_run.saved_by_escalation_usd numeric
column cost_by_run.saved_by_failing_usd numeric
column cost_by_run.actual_usd numeric
column cost_by_task.tenant text
column cost_by_task.task text
column cost_by_task.runs bigint
column cost_by_task.items numeric
column cost_by_task.asked numeric
column cost_by_task.failed numeric
column cost_by_task.baseline_usd numeric
column cost_by_task.actual_usd numeric
column cost_by_task.actual_percent_of_baseline numeric
column cost_by_tier.run_id text
column cost_by_tier.tier text
column cost_by_tier.provider text
column cost_by_tier.model text
column cost_by_tier.attempts bigint
column cost_by_tier.succeeded bigint
column cost_by_tier.rejected bigint
column cost_by_tier.errored bigint
column cost_by_tier.open bigint
column cost_by_tier.input_tokens numeric
column cost_by_tier.cached_input_tokens numeric
column cost_by_tier.cache_write_tokens numeric
column cost_by_tier.output_tokens numeric
column cost_by_tier.total_usd numeric
column dead_letters.run_id text not null
column dead_letters.source_uri text not null
column dead_letters.source_position bigint not null
column dead_letters.document_id text
column dead_letters.code text not null
column dead_letters.reason text not null
column dead_letters.created_at timestamp with time zone not null
column item_costs.run_id text
column item_costs.document_id text
column item_costs.item_key text
column item_costs.task text
column item_costs.tenant text
column item_costs.state text
column item_costs.answered_by text
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
column item_costs.saved_by_batch_usd numeric
column item_costs.saved_by_escalation_usd numeric
column item_costs.saved_by_failing_usd numeric
column item_costs.actual_usd numeric
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
column ledger.charge_id bigint not null identity
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
column ledger.input_usd numeric not null
column ledger.cached_input_usd numeric not null
column ledger.cache_write_usd numeric not null
column ledger.output_usd numeric not null
column ledger.total_usd numeric not null default (((input_usd + cached_input_usd) + cache_write_usd) + output_usd)
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
column namespaces.namespace_id bigint not null identity
column namespaces.tenant text not null
column namespaces.task_fingerprint text not null
column namespaces.embedding_model text not null
column namespaces.created_at timestamp with time zone not null
column near_duplicate_bands.item_key text not null
column near_duplicate_bands.namespace_id bigint not null
column near_duplicate_bands.band smallint not null
column near_duplicate_bands.bits integer not null
column online_requests.custom_id text not null
column online_requests.submission_id text not null
column online_requests.asked_at timestamp with time zone not null
column online_requests.response_status smallint
column online_requests.response_body text
column online_requests.answered_at timestamp with time zone
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
column provider_quotas.provider text not null
column provider_quotas.model text not null
column provider_quotas.enqueued_tokens_max bigint
column provider_quotas.hold_until timestamp with time zone not null
column provider_quotas.learnt_at timestamp with time zone not null
column results.run_id text not null
column results.document_id text not null
column results.item_key text not null
column results.source_key text not null
column results.answer jsonb not null
column results.output_tokens integer not null
column results.created_at timestamp with time zone not null
column run_balance_check.run_id text
column run_balance_check.charged_difference_usd numeric
column run_balance_check.reserved_difference_usd numeric
column run_balance_check.attributed_difference_usd numeric
column run_balance_check.unbalanced_items bigint
column run_balance_check.open_items bigint
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
column tasks.task_fingerprint text not null
column tasks.name text not null
column tasks.definition jsonb not null
column tasks.baseline_provider text not null
column tasks.baseline_model text not null
column tasks.created_at timestamp with time zone not null
column text_embeddings.tenant text not null
column text_embeddings.model text not null
column text_embeddings.content_hash text not null
column text_embeddings.windows integer not null
column text_embeddings.embedding vector(384)
column text_embeddings.created_at timestamp with time zone not null
column unknown_spend.run_id text
column unknown_spend.provider text
column unknown_spend.model text
column unknown_spend.custom_id text
column unknown_spend.item_key text
column unknown_spend.asked_at timestamp with time zone
column unknown_spend.worst_case_usd numeric
constraint attempts attempts_custom_id_is_portable CHECK ((custom_id ~ '^[A-Za-z0-9_-]{1,64}$'::text))
constraint attempts attempts_ended_has_time CHECK (((state = ANY (ARRAY['succeeded'::text, 'rejected'::text, 'errored'::text])) = (ended_at IS NOT NULL)))
constraint attempts attempts_failure_says_why CHECK (((state = ANY (ARRAY['rejected'::text, 'errored'::text])) = (failure_code IS NOT NULL)))
constraint attempts attempts_miss_fkey FOREIGN KEY (item_key) REFERENCES misses(item_key)
constraint attempts attempts_mode_is_known CHECK ((mode = ANY (ARRAY['batch'::text, 'online'::text])))
constraint attempts attempts_number_key UNIQUE (item_key, attempt_number)
constraint attempts attempts_pkey PRIMARY KEY (custom_id)
constraint attempts attempts_state_is_known CHECK ((state = ANY (ARRAY['planned'::text, 'submitted'::text, 'succeeded'::text, 'rejected'::text, 'errored'::text])))
constraint attempts attempts_submission_fkey FOREIGN KEY (submission_id) REFERENCES submissions(submission_id)
constraint attempts attempts_submitted_has_submission CHECK (((state = ANY (ARRAY['submitted'::text, 'succeeded'::text, 'rejected'::text])) <= (submission_id IS NOT NULL)))
constraint cache_entries cache_entries_counts_are_not_negative CHECK (((agreed >= 0) AND (contradicted >= 0)))
constraint cache_entries cache_entries_embedding_only_of_its_own CHECK (((embedding IS NULL) OR (source_key = item_key)))
constraint cache_entries cache_entries_measure_is_known CHECK ((measure = ANY (ARRAY['cosine'::text, 'jaccard'::text])))
constraint cache_entries cache_entries_namespace_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces(namespace_id)
constraint cache_entries cache_entries_pkey PRIMARY KEY (item_key)
constraint cache_entries cache_entries_similarity_in_range CHECK (((similarity >= ('-1'::integer)::double precision) AND (similarity <= (1)::double precision)))
constraint dead_letters dead_letters_pkey PRIMARY KEY (run_id, source_uri, source_position)
constraint dead_letters dead_letters_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint items items_answered_by_is_known CHECK ((answered_by = ANY (ARRAY['model'::text, 'exact_hit'::text, 'semantic_hit'::text, 'leader'::text])))
constraint items items_answered_says_by_what CHECK (((state = 'answered'::text) = (answered_by IS NOT NULL)))
constraint items items_failed_says_why CHECK (((state = 'failed'::text) = (failure_code IS NOT NULL)))
constraint items items_pkey PRIMARY KEY (run_id, document_id)
constraint items items_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint items items_settled_has_time CHECK (((state = ANY (ARRAY['answered'::text, 'failed'::text])) = (settled_at IS NOT NULL)))
constraint items items_state_is_known CHECK ((state = ANY (ARRAY['new'::text, 'waiting'::text, 'answered'::text, 'failed'::text])))
constraint items items_waiting_has_leader CHECK (((state <> 'waiting'::text) OR (leader_key IS NOT NULL)))
constraint ledger ledger_attempt_fkey FOREIGN KEY (custom_id) REFERENCES attempts(custom_id)
constraint ledger ledger_is_not_negative CHECK ((LEAST(input_tokens, cached_input_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens) >= 0))
constraint ledger ledger_one_charge_per_attempt UNIQUE (custom_id)
constraint ledger ledger_pkey PRIMARY KEY (charge_id)
constraint ledger ledger_price_fkey FOREIGN KEY (price_id) REFERENCES prices(price_id)
constraint misses misses_follower_has_leader CHECK (((state = 'follower'::text) <= ((leader_key IS NOT NULL) AND (leader_key <> item_key))))
constraint misses misses_measure_is_known CHECK ((measure = ANY (ARRAY['cosine'::text, 'jaccard'::text])))
constraint misses misses_pkey PRIMARY KEY (item_key)
constraint misses misses_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint misses misses_state_is_known CHECK ((state = ANY (ARRAY['candidate'::text, 'leader'::text, 'follower'::text, 'asked'::text, 'answered'::text, 'failed'::text])))
constraint namespaces namespaces_natural_key UNIQUE (tenant, task_fingerprint, embedding_model)
constraint namespaces namespaces_pkey PRIMARY KEY (namespace_id)
constraint namespaces namespaces_task_fkey FOREIGN KEY (task_fingerprint) REFERENCES tasks(task_fingerprint)
constraint near_duplicate_bands near_duplicate_bands_miss_fkey FOREIGN KEY (item_key) REFERENCES misses(item_key) ON DELETE CASCADE
constraint near_duplicate_bands near_duplicate_bands_pkey PRIMARY KEY (item_key, band)
constraint online_requests online_requests_answered_is_whole CHECK ((((response_status IS NULL) = (answered_at IS NULL)) AND ((response_status IS NULL) = (response_body IS NULL))))
constraint online_requests online_requests_attempt_fkey FOREIGN KEY (custom_id) REFERENCES attempts(custom_id)
constraint online_requests online_requests_pkey PRIMARY KEY (custom_id)
constraint prices prices_are_positive CHECK (((input_usd > (0)::numeric) AND (output_usd > (0)::numeric) AND (batch_input_usd > (0)::numeric) AND (batch_output_usd > (0)::numeric)))
constraint prices prices_natural_key UNIQUE (provider, model, effective_from, input_tokens_above)
constraint prices prices_pkey PRIMARY KEY (price_id)
constraint provider_quotas provider_quotas_is_positive CHECK ((enqueued_tokens_max > 0))
constraint provider_quotas provider_quotas_pkey PRIMARY KEY (provider, model)
constraint results results_item_fkey FOREIGN KEY (run_id, document_id) REFERENCES items(run_id, document_id)
constraint results results_pkey PRIMARY KEY (run_id, document_id)
constraint runs runs_finished_has_time CHECK (((state = 'finished'::text) = (finished_at IS NOT NULL)))
constraint runs runs_id_is_printable CHECK ((run_id ~ '^[A-Za-z0-9_.:-]{1,120}$'::text))
constraint runs runs_money_is_not_negative CHECK (((reserved_usd >= (0)::numeric) AND (charged_usd >= (0)::numeric) AND (budget_usd >= (0)::numeric)))
constraint runs runs_namespace_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces(namespace_id)
constraint runs runs_pkey PRIMARY KEY (run_id)
constraint runs runs_state_is_known CHECK ((state = ANY (ARRAY['open'::text, 'finished'::text])))
constraint runs runs_unknown_is_not_negative CHECK ((unknown_usd >= (0)::numeric))
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
constraint submission_transitions submission_transitions_pkey PRIMARY KEY (from_state, to_state)
constraint submissions submissions_batch_known CHECK (((state = ANY (ARRAY['in_progress'::text, 'ended'::text, 'collected'::text])) <= (provider_batch_id IS NOT NULL)))
constraint submissions submissions_ended_says_how CHECK (((state <> ALL (ARRAY['ended'::text, 'expired'::text])) OR (ending IS NOT NULL)))
constraint submissions submissions_ending_is_known CHECK ((ending = ANY (ARRAY['completed'::text, 'expired'::text, 'cancelled'::text, 'failed'::text])))
constraint submissions submissions_failed_says_why CHECK (((state <> 'failed'::text) OR (failure_code IS NOT NULL)))
constraint submissions submissions_id_is_portable CHECK ((submission_id ~ '^[A-Za-z0-9_-]{1,64}$'::text))
constraint submissions submissions_is_not_empty CHECK (((requests > 0) AND (request_bytes > 0)))
constraint submissions submissions_lease_ends_with_the_work CHECK (((lease_owner IS NULL) OR (state = ANY (ARRAY['planned'::text, 'uploading'::text, 'creating'::text, 'in_progress'::text, 'ended'::text]))))
constraint submissions submissions_lease_is_whole CHECK (((lease_owner IS NULL) = (lease_until IS NULL)))
constraint submissions submissions_mode_is_known CHECK ((mode = ANY (ARRAY['batch'::text, 'online'::text])))
constraint submissions submissions_pkey PRIMARY KEY (submission_id)
constraint submissions submissions_provider_batch_key UNIQUE (provider, provider_batch_id)
constraint submissions submissions_run_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
constraint submissions submissions_transition_is_legal FOREIGN KEY (came_from, state) REFERENCES submission_transitions(from_state, to_state)
constraint tasks tasks_fingerprint_is_sha256 CHECK ((task_fingerprint ~ '^[0-9a-f]{64}$'::text))
constraint tasks tasks_pkey PRIMARY KEY (task_fingerprint)
constraint text_embeddings text_embeddings_content_is_sha256 CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text))
constraint text_embeddings text_embeddings_pkey PRIMARY KEY (tenant, model, content_hash)
constraint text_embeddings text_embeddings_windows_is_not_negative CHECK ((windows >= 0))
index CREATE UNIQUE INDEX attempts_number_key ON nightjar.attempts USING btree (item_key, attempt_number)
index CREATE UNIQUE INDEX attempts_pkey ON nightjar.attempts USING btree (custom_id)
index CREATE INDEX attempts_run_idx ON nightjar.attempts USING btree (run_id)
index CREATE INDEX attempts_submission_idx ON nightjar.attempts USING btree (submission_id)
index CREATE INDEX attempts_unpacked_idx ON nightjar.attempts USING btree (namespace_id, tier, run_id, item_key) WHERE (state = 'planned'::text)
index CREATE INDEX cache_entries_embedding_hnsw ON nightjar.cache_entries USING hnsw (embedding vector_cosine_ops)
index CREATE INDEX cache_entries_namespace_idx ON nightjar.cache_entries USING btree (namespace_id)
index CREATE UNIQUE INDEX cache_entries_pkey ON nightjar.cache_entries USING btree (item_key)
index CREATE INDEX cache_entries_unclassified_idx ON nightjar.cache_entries USING btree (namespace_id) WHERE ((answer_class IS NULL) AND (source_key = item_key))
index CREATE UNIQUE INDEX dead_letters_pkey ON nightjar.dead_letters USING btree (run_id, source_uri, source_position)
index CREATE INDEX items_key_idx ON nightjar.items USING btree (item_key, run_id)
index CREATE INDEX items_open_idx ON nightjar.items USING btree (run_id) WHERE (state = ANY (ARRAY['new'::text, 'waiting'::text]))
index CREATE UNIQUE INDEX items_pkey ON nightjar.items USING btree (run_id, document_id)
index CREATE INDEX items_used_idx ON nightjar.items USING btree (namespace_id, leader_key) WHERE (answered_by = ANY (ARRAY['exact_hit'::text, 'semantic_hit'::text]))
index CREATE INDEX items_waiting_idx ON nightjar.items USING btree (leader_key) WHERE (state = 'waiting'::text)
index CREATE INDEX ledger_item_idx ON nightjar.ledger USING btree (item_key)
index CREATE UNIQUE INDEX ledger_one_charge_per_attempt ON nightjar.ledger USING btree (custom_id)
index CREATE UNIQUE INDEX ledger_pkey ON nightjar.ledger USING btree (charge_id)
index CREATE INDEX ledger_run_idx ON nightjar.ledger USING btree (run_id)
index CREATE INDEX misses_candidates_idx ON nightjar.misses USING btree (namespace_id) WHERE (state = ANY (ARRAY['candidate'::text, 'leader'::text, 'asked'::text]))
index CREATE INDEX misses_followers_idx ON nightjar.misses USING btree (leader_key) WHERE (state = 'follower'::text)
index CREATE UNIQUE INDEX misses_pkey ON nightjar.misses USING btree (item_key)
index CREATE UNIQUE INDEX namespaces_natural_key ON nightjar.namespaces USING btree (tenant, task_fingerprint, embedding_model)
index CREATE UNIQUE INDEX namespaces_pkey ON nightjar.namespaces USING btree (namespace_id)
index CREATE INDEX near_duplicate_bands_bucket_idx ON nightjar.near_duplicate_bands USING btree (namespace_id, band, bits)
index CREATE UNIQUE INDEX near_duplicate_bands_pkey ON nightjar.near_duplicate_bands USING btree (item_key, band)
index CREATE UNIQUE INDEX online_requests_pkey ON nightjar.online_requests USING btree (custom_id)
index CREATE INDEX online_requests_submission_idx ON nightjar.online_requests USING btree (submission_id)
index CREATE UNIQUE INDEX prices_natural_key ON nightjar.prices USING btree (provider, model, effective_from, input_tokens_above)
index CREATE UNIQUE INDEX prices_pkey ON nightjar.prices USING btree (price_id)
index CREATE UNIQUE INDEX provider_quotas_pkey ON nightjar.provider_quotas USING btree (provider, model)
index CREATE UNIQUE INDEX results_pkey ON nightjar.results USING btree (run_id, document_id)
index CREATE UNIQUE INDEX runs_one_open_per_corpus ON nightjar.runs USING btree (namespace_id, corpus) WHERE (state = 'open'::text)
index CREATE UNIQUE INDEX runs_pkey ON nightjar.runs USING btree (run_id)
index CREATE INDEX semantic_lookups_evidence_idx ON nightjar.semantic_lookups USING btree (namespace_id, verified_at, lookup_id) WHERE (is_sampled AND (is_right IS NOT NULL))
index CREATE UNIQUE INDEX semantic_lookups_once_a_run ON nightjar.semantic_lookups USING btree (run_id, item_key)
index CREATE UNIQUE INDEX semantic_lookups_pkey ON nightjar.semantic_lookups USING btree (lookup_id)
index CREATE INDEX semantic_lookups_unverified_idx ON nightjar.semantic_lookups USING btree (namespace_id, lookup_id) WHERE awaits_answer
index CREATE UNIQUE INDEX semantic_thresholds_pkey ON nightjar.semantic_thresholds USING btree (namespace_id, run_id)
index CREATE UNIQUE INDEX submission_transitions_pkey ON nightjar.submission_transitions USING btree (from_state, to_state)
index CREATE INDEX submissions_open_idx ON nightjar.submissions USING btree (namespace_id) WHERE (state = ANY (ARRAY['planned'::text, 'uploading'::text, 'creating'::text, 'in_progress'::text, 'ended'::text]))
index CREATE UNIQUE INDEX submissions_pkey ON nightjar.submissions USING btree (submission_id)
index CREATE UNIQUE INDEX submissions_provider_batch_key ON nightjar.submissions USING btree (provider, provider_batch_id)
index CREATE INDEX submissions_queue_idx ON nightjar.submissions USING btree (provider, model) WHERE (state = ANY (ARRAY['uploading'::text, 'creating'::text, 'in_progress'::text]))
index CREATE INDEX submissions_run_idx ON nightjar.submissions USING btree (run_id)
index CREATE UNIQUE INDEX tasks_pkey ON nightjar.tasks USING btree (task_fingerprint)
index CREATE UNIQUE INDEX text_embeddings_pkey ON nightjar.text_embeddings USING btree (tenant, model, content_hash)
trigger CREATE TRIGGER ledger_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON nightjar.ledger FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()
trigger CREATE TRIGGER submissions_record_transition BEFORE INSERT OR UPDATE ON nightjar.submissions FOR EACH ROW EXECUTE FUNCTION record_submission_transition()
function current_tenant() returns text
function is_visible(p_tenant text) returns boolean
function jaccard(a integer[], b integer[]) returns double precision
function list_cost_usd(p_provider text, p_model text, p_at timestamp with time zone, p_input_tokens bigint, p_output_tokens bigint) returns numeric
function price_in_force(p_provider text, p_model text, p_billed_at timestamp with time zone, p_input_tokens bigint) returns SETOF prices
function record_submission_transition() returns trigger
function refresh_statistics() returns void
function refuse_ledger_change() returns trigger
function register_namespace(p_tenant text, p_task_fingerprint text, p_name text, p_definition jsonb, p_baseline_provider text, p_baseline_model text, p_embedding_model text, p_created_at timestamp with time zone) returns bigint
view cache_statistics
view cost_by_run
view cost_by_task
view cost_by_tier
view item_costs
view open_submissions
view run_balance_check
view run_progress
view semantic_cache_risk
view unknown_spend
