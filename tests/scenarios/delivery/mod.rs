//! What reaches a city: through kills, and where the city is somebody else's.

mod from_the_city;
mod another_city;
mod certificates;
mod impostor;
mod city_page;
mod claiming;
mod daily_compare;
mod lying_city;
mod identity;
mod carried;
mod kills_during_drain;
mod bad_line;
mod on_postgres;
mod published;
