//! A network that loses, doubles and reorders, connections and processes that break, a city and a
//! box restored from old copies, files that come to light: in the end every act that the box's
//! files hold is at the city, once.

use proptest::prelude::*;

use crate::tests::world::World;

#[derive(Debug, Clone, Copy)]
enum Step {
    Append(u64),
    Up(usize),
    LoseUp(usize),
    DoubleUp(usize),
    Down(usize),
    LoseDown(usize),
    DoubleDown(usize),
    Break(u32),
    Pass(u64),
    RestoreCity(u64),
    RestoreBox(u64),
    Restart,
    Recover(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_u64..12).prop_map(Step::Append),
        12 => (0_usize..6).prop_map(Step::Up),
        2 => (0_usize..6).prop_map(Step::LoseUp),
        2 => (0_usize..6).prop_map(Step::DoubleUp),
        12 => (0_usize..6).prop_map(Step::Down),
        2 => (0_usize..6).prop_map(Step::LoseDown),
        2 => (0_usize..6).prop_map(Step::DoubleDown),
        2 => any::<u32>().prop_map(Step::Break),
        4 => (1_u64..40_000).prop_map(Step::Pass),
        1 => (0_u64..80).prop_map(Step::RestoreCity),
        1 => (1_u64..80).prop_map(Step::RestoreBox),
        1 => Just(Step::Restart),
        1 => (1_u64..40).prop_map(Step::Recover),
    ]
}

fn take(world: &mut World, step: Step) {
    match step {
        Step::Append(records) => world.append(records),
        Step::Up(index) => world.deliver_up(index),
        Step::LoseUp(index) => {
            if index < world.up.len() {
                world.up.remove(index);
            }
        }
        Step::DoubleUp(index) => {
            let twice = world.up.get(index).cloned();
            world.up.extend(twice);
        }
        Step::Down(index) => world.deliver_down(index),
        Step::LoseDown(index) => {
            if index < world.down.len() {
                world.down.remove(index);
            }
        }
        Step::DoubleDown(index) => {
            let twice = world.down.get(index).cloned();
            world.down.extend(twice);
        }
        Step::Break(jitter) => world.disconnect(jitter),
        Step::Pass(ms) => world.advance(ms),
        Step::RestoreCity(through) => world.city.restore(through),
        Step::RestoreBox(last) => world.go_back(last),
        Step::Restart => world.restart(),
        Step::Recover(records) => {
            let name = format!(
                "{:016x}",
                0xabcd_0000 + u64::try_from(world.epochs.len()).unwrap()
            );
            world.recover(&name, records);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 300, ..ProptestConfig::default() })]
    #[test]
    fn every_act_is_stored_once(backlog in 0_u64..120, steps in proptest::collection::vec(step(), 0..150)) {
        let mut world = World::new(backlog);
        for step in steps {
            take(&mut world, step);
        }
        // A city that went back says so when it starts: its workers greet the boxes they know.
        world.calm();
        world.disconnect(7);
        world.calm();
        world.check();
    }
}
