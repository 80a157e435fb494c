-- A kettle cooks one thing at a time. Periods are half open, so 08:00-10:00 and 10:00-12:00 do
-- not meet.
ALTER TABLE kitchen.kettle_bookings
    ADD CONSTRAINT kettle_bookings_not_empty CHECK (NOT isempty(during)),
    ADD CONSTRAINT kettle_bookings_no_overlap EXCLUDE USING gist (kettle_id WITH =, during WITH &&);
