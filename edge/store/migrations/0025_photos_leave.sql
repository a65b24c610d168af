-- Pictures that leave the box, and what the city has confirmed.

-- 1: whoever showed the card had signed that it may be sent, and the gate did not hold the face to be
-- another one's. Set when the picture is kept; never later.
ALTER TABLE gate_picture ADD COLUMN may_leave INTEGER NOT NULL DEFAULT 0 CHECK (may_leave IN (0, 1));
-- When the city confirmed to have it, Unix ms; NULL as long as it has not.
ALTER TABLE picture_file ADD COLUMN at_city INTEGER;
