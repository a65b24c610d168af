//! Second-generation ID-card readers (SAM protocol).
