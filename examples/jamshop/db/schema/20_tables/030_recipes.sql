CREATE TABLE kitchen.recipes (
    recipe_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug        text NOT NULL UNIQUE,
    title       text NOT NULL,
    sugar_ratio numeric(3, 2) NOT NULL,     -- grams of sugar for one gram of fruit
    target_brix kitchen.brix NOT NULL,
    method      text NOT NULL DEFAULT ''
);

-- Two parts of strawberry to one of rhubarb are (2, 'strawberry') and (1, 'rhubarb').
CREATE TABLE kitchen.recipe_fruits (
    recipe_id bigint NOT NULL REFERENCES kitchen.recipes ON DELETE CASCADE,
    fruit     text NOT NULL,
    parts     smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (recipe_id, fruit)
);
