-- When a document was forgotten: its text, its answer and all that was made of them are gone, what it cost is not. One
-- that was forgotten by its id has a made-up id since.
alter table items add column forgotten_at timestamptz;
