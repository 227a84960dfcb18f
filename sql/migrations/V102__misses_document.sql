-- The whole document of a leader whose answer has to quote it, as JSON (id, text, fields): quotes are looked for in
-- it, and one that is not there is asked again with more of it. Dropped with the prompt once the leader is settled.
alter table misses add column document text;
