/* Rules that hold wherever such a value is stored.

   A domain's check is read when a value is written, so tightening one later
   needs /* ALTER DOMAIN ... NOT VALID and then VALIDATE, */ as for a table. */

CREATE DOMAIN shop.email AS citext
    CONSTRAINT email_has_one_at CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$');

-- Money is whole cents: nothing is ever lost to rounding, and a negative price is an error.
CREATE DOMAIN shop.cents AS bigint
    CONSTRAINT cents_not_negative CHECK (VALUE >= 0);

-- Three letters of the fruit, three digits of the jar's size: "APR-250".
CREATE DOMAIN shop.sku AS text
    CONSTRAINT sku_form CHECK (VALUE ~ '^[A-Z]{3}-[0-9]{3}$');

CREATE DOMAIN shop.country_code AS char(2)
    CONSTRAINT country_code_upper CHECK (VALUE ~ '^[A-Z]{2}$');

CREATE DOMAIN kitchen.grams AS integer
    CONSTRAINT grams_positive CHECK (VALUE > 0);

-- Degrees Brix: the share of sugar by weight. Jam sets somewhere above 60.
CREATE DOMAIN kitchen.brix AS numeric(4, 1)
    CONSTRAINT brix_possible CHECK (VALUE BETWEEN 0 AND 85);
