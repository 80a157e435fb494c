CREATE FUNCTION shop.set_password(who shop.email, secret text) RETURNS void
LANGUAGE sql AS $sql$
    UPDATE shop.customers SET password_hash = public.crypt(secret, public.gen_salt('bf', 8)) WHERE email = who;
$sql$;

-- False for an unknown address and for a customer without password: never NULL.
CREATE FUNCTION shop.password_is(who shop.email, secret text) RETURNS boolean
LANGUAGE sql STABLE AS $sql$
    SELECT coalesce(
        (SELECT password_hash = public.crypt(secret, password_hash) FROM shop.customers WHERE email = who),
        false);
$sql$;
