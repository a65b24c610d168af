-- Last record of an epoch that the city has alike: what follows it was carried over into a newer epoch and is
-- not uploaded under this epoch's name. NULL: the whole epoch is.
ALTER TABLE epoch DROP COLUMN carried_to;
ALTER TABLE epoch ADD COLUMN shared INTEGER;
