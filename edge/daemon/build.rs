//! How the box's program is linked.

#[expect(
    clippy::disallowed_methods,
    reason = "how cargo tells a build script what it builds for"
)]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_release {
        // Half a MiB of relocations becomes a few KiB: they are read at every start, and stay in
        // memory. glibc from 2.36 on knows them (Debian 12); Debian 12's mold does not tell it so.
        println!("cargo:rustc-link-arg-bins=-fuse-ld=bfd");
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
