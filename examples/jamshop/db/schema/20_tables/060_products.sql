CREATE TABLE shop.products (
    sku         shop.sku PRIMARY KEY,
    recipe_id   bigint NOT NULL,
    title       text NOT NULL,
    description text NOT NULL DEFAULT '',
    price       shop.cents NOT NULL,
    jar         kitchen.grams NOT NULL,
    on_sale     boolean NOT NULL DEFAULT true,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    -- 'simple' and not a language: half of the names are French on an English page.
    words       tsvector GENERATED ALWAYS AS (
                    setweight(to_tsvector('simple'::regconfig, title), 'A')
                    || setweight(to_tsvector('simple'::regconfig, description), 'B')
                ) STORED
);
