CREATE TABLE kitchen.batches (
    batch_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipe_id  bigint NOT NULL,
    kettle_id  smallint,
    state      kitchen.batch_state NOT NULL DEFAULT 'planned',
    final_brix kitchen.brix,
    potted_at  timestamptz,
    best_by    date GENERATED ALWAYS AS ((potted_at AT TIME ZONE 'UTC')::date + 730) STORED
);

-- What went into the kettle: the thread that leads from a jar back to a tree.
CREATE TABLE kitchen.batch_lots (
    batch_id bigint NOT NULL,
    lot_id   bigint NOT NULL,
    used     kitchen.grams NOT NULL,
    PRIMARY KEY (batch_id, lot_id)
);
