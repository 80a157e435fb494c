-- An order keeps the address it was sent to, whatever becomes of the customer's own:
-- a type for both, rather than a table that both would share.
CREATE TYPE shop.postal_address AS (
    line1    text,
    line2    text,
    postcode text,
    city     text,
    country  shop.country_code
);
