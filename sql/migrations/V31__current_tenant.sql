-- The tenant whose texts this connection may see, set when it is opened. None: nothing is seen.
create function current_tenant() returns text
    language sql
    stable
return nullif(current_setting('nightjar.tenant', true), '');
