CREATE TABLE kitchen.kettles (
    kettle_id smallint PRIMARY KEY,
    name      text NOT NULL UNIQUE,
    holds     kitchen.grams NOT NULL
);

CREATE TABLE kitchen.kettle_bookings (
    kettle_id smallint NOT NULL REFERENCES kitchen.kettles,
    during    tstzrange NOT NULL,
    purpose   text NOT NULL
);
