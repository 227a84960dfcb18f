-- When a document was forgotten: its text, its answer and all that was made of them are gone, what it cost is not. One
-- that was forgotten by its id has a made-up id since. How many tokens its answer had stays, for books that a late
-- charge has posted anew: what a shared answer would have cost is counted from it.
alter table items
    add column forgotten_at   timestamptz,
    add column answer_tokens  integer;          -- of an answer that is forgotten; else results has it
