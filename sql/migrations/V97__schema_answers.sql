-- Where the views of current answers are, one for each task of a tenant: apart from the tables, so that who reads
-- answers needs no right on anything else.
create schema nightjar_answers;
