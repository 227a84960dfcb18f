-- Who may do what. Run before every migration by whoever migrates; changes nothing if all is there. Where
-- that role may create neither roles nor the extension, a superuser runs this file once in the database.
--   nightjar_migration  owns every object and is the only one to change them
--   nightjar_job        what a night connects as: reads and writes, texts and answers of one tenant only
--   nightjar_analyst    reads costs, never a text, a vector or an answer
create extension if not exists vector with schema public;

do $$
declare
    wanted text;
    object record;
begin
    foreach wanted in array array['nightjar_migration', 'nightjar_job', 'nightjar_analyst'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception
                when duplicate_object or unique_violation then null;   -- another database of this server was faster
            end;
        end if;
        if not pg_has_role(current_user, wanted, 'member') then
            execute format('grant %I to %I', wanted, current_user);
        end if;
    end loop;
    if not has_database_privilege('nightjar_migration', current_database(), 'create') then
        execute format('grant create on database %I to nightjar_migration', current_database());
    end if;
    -- What an earlier version made as its own.
    for object in
        select format('alter schema %I owner to nightjar_migration', n.nspname) as command
        from pg_namespace n
        where n.nspname = 'nightjar'
          and n.nspowner <> 'nightjar_migration'::regrole
        union all
        select format(
            'alter %s %I.%I owner to nightjar_migration',
            case c.relkind when 'v' then 'view' else 'table' end, n.nspname, c.relname)
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'nightjar'
          and c.relkind in ('r', 'p', 'v')
          and c.relowner <> 'nightjar_migration'::regrole
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
