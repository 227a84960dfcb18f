-- Who may do what. Run before a migration by whoever migrates; changes nothing if all is there. Where that
-- role may create neither roles nor the extension, a superuser runs this file once in the database, and then
-- grants that role nightjar_migration and nightjar_job.
--   nightjar_migration  owns every table and is the only one to change them
--   nightjar_job        what a night's connections become: texts and answers of one tenant only
--   nightjar_reports    owns the views, which see what a tenant sees, or all where no tenant is set
--   nightjar_analyst    reads costs, never a text, a vector or an answer
--   nightjar_answers    may look into the schema of the views of current answers; each view is granted by itself
create extension if not exists vector with schema public;

do $$
declare
    wanted text;
    object record;
begin
    foreach wanted in array array[
        'nightjar_migration', 'nightjar_job', 'nightjar_reports', 'nightjar_analyst', 'nightjar_answers'
    ] loop
        if not exists (select from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception
                when duplicate_object or unique_violation then null;   -- another database of this server was faster
            end;
        end if;
    end loop;
    foreach wanted in array array['nightjar_migration', 'nightjar_job'] loop
        -- From PostgreSQL 16 on, whoever creates a role is a member of it that may not become it.
        if not exists (select from pg_roles where rolname = current_user and rolsuper)
            and not exists (
                select
                from pg_auth_members m
                where m.roleid = wanted::regrole
                  and m.member = current_user::regrole
                  and coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
                  and coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)) then
            execute format('grant %I to %I', wanted, current_user);
        end if;
    end loop;
    if not pg_has_role('nightjar_migration', 'nightjar_reports', 'member') then
        grant nightjar_reports to nightjar_migration;   -- who replaces the views
    end if;
    if not has_database_privilege('nightjar_migration', current_database(), 'create') then
        execute format('grant create on database %I to nightjar_migration', current_database());
    end if;
    -- What an earlier version made as its own.
    for object in
        select format('alter schema %I owner to nightjar_migration', n.nspname) as command
        from pg_namespace n
        where n.nspname in ('nightjar', 'nightjar_answers')
          and n.nspowner <> 'nightjar_migration'::regrole
        union all
        select format(
            'alter %s %I.%I owner to nightjar_migration',
            case c.relkind when 'v' then 'view' else 'table' end, n.nspname, c.relname)
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'nightjar'
          and c.relkind in ('r', 'p', 'v')
          and c.relowner not in ('nightjar_migration'::regrole, 'nightjar_reports'::regrole)
        union all
        -- Owned by another role they would read past the policies.
        select format('alter view %I.%I owner to nightjar_reports', n.nspname, c.relname)
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'nightjar_answers'
          and c.relkind = 'v'
          and c.relowner <> 'nightjar_reports'::regrole
        union all
        select format('alter routine %s owner to nightjar_migration', p.oid::regprocedure)
        from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'nightjar'
          and p.proowner <> 'nightjar_migration'::regrole
    loop
        execute object.command;
    end loop;
end
$$;

-- Who reads a report in a session of one's own, too: compiling its hundreds of expressions takes PostgreSQL 3 s
-- where running them takes 15 ms. Whoever does not own the database leaves it as it is.
do $$
begin
    execute format('alter database %I set jit = off', current_database());
exception
    when insufficient_privilege then null;
end
$$;
