-- What answered, where it is not what was asked for: a provider may put another model behind a name, or serve
-- another class of service than it was asked for. Either has another price.
alter table attempts
    add column served_model text,
    add column service_tier text;

create index attempts_served_idx on attempts (run_id) where served_model is not null or service_tier is not null;
