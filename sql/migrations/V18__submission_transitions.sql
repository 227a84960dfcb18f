-- The submission state machine, as data: a transition that is not a row here cannot be stored.
create table submission_transitions (
    from_state text not null,
    to_state   text not null,
    meaning    text not null,
    constraint submission_transitions_pkey primary key (from_state, to_state)
);

insert into submission_transitions (from_state, to_state, meaning)
values
    ('new', 'planned', 'packed'),
    ('planned', 'uploading', 'a worker holds it and uploads its requests'),
    ('planned', 'creating', 'the same, where nothing needs to be uploaded'),
    ('planned', 'cancelled', 'withdrawn before any provider knew it'),
    ('uploading', 'creating', 'uploaded: from here on the provider may know the batch'),
    ('uploading', 'planned', 'the upload was given up; its file is an orphan'),
    ('uploading', 'failed', 'the provider refused the upload for good'),
    ('uploading', 'cancelled', 'withdrawn before any provider knew it'),
    ('creating', 'in_progress', 'the provider has it'),
    ('creating', 'planned', 'the provider surely does not have it'),
    ('creating', 'failed', 'the provider refused it for good'),
    ('in_progress', 'ended', 'the provider is done; results wait to be collected'),
    ('ended', 'collected', 'every attempt is settled'),
    ('ended', 'failed', 'the same, after the provider failed it as a whole'),
    ('ended', 'expired', 'the same, after its time at the provider ran out'),
    ('ended', 'cancelled', 'the same, after it was cancelled at the provider');
