-- Airflow names its runs scheduled__2026-11-24T00:00:00+00:00, in up to 250 characters.
alter table runs
    drop constraint runs_id_is_printable,
    add constraint runs_id_is_printable check (run_id ~ '^[A-Za-z0-9_.:+-]{1,250}$');
