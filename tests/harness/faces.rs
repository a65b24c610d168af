//! `menwei-face` beside a box: its settings, its process, the pictures.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::city::text;
use crate::gate_box::LaneWiring;
use crate::process::{Process, bin_dir, repository};

/// The face process of one box.
#[derive(Debug)]
pub struct Faces {
    folder: PathBuf,
    cameras: usize,
    process: Option<Process>,
}

impl Faces {
    /// Writes key and settings below `folder` for the cameras of these lanes, which the simulator at
    /// `page` serves.
    pub fn new(folder: &Path, lanes: &[LaneWiring], page: &str) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let key = folder.join("face.key");
        fs::write(&key, [7; 32])?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        let dir = text(folder)?;
        let mut toml = format!(
            "socket = \"{dir}/face.sock\"\nmodels = \"{}\"\ntemplates = \"{dir}/templates\"\n\
             key_file = \"{dir}/face.key\"\n",
            Self::models().display()
        );
        let mut cameras = 0;
        for LaneWiring {
            id, cameras: ways, ..
        } in lanes
        {
            for way in ways {
                cameras += 1;
                write!(
                    toml,
                    "\n[[camera]]\nlane = \"{id}\"\ndirection = \"{way}\"\n\
                     address = \"{page}/camera/{id}/{way}\"\n"
                )?;
            }
        }
        fs::write(folder.join("face.toml"), toml)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            cameras,
            process: None,
        })
    }

    /// The models that set-up fetched.
    pub fn models() -> PathBuf {
        repository().join("target/faces/models")
    }

    /// A portrait that set-up fetched, such as `a/1.jpg`.
    pub fn portrait(name: &str) -> PathBuf {
        repository().join("target/faces/people").join(name)
    }

    /// What `site.toml` must say of it.
    pub fn site_toml(&self) -> Result<String> {
        Ok(format!(
            "[face]\nsocket = \"{}/face.sock\"\n",
            text(&self.folder)?
        ))
    }

    /// How many cameras it watches.
    pub fn cameras(&self) -> usize {
        self.cameras
    }

    /// Starts it.
    pub fn up(&mut self) -> Result<()> {
        let config = self.folder.join("face.toml");
        let program = bin_dir()?.join("menwei-face");
        let log = self.log();
        let arguments = ["run", "--verbose", "--config", text(&config)?];
        self.process = Some(Process::start("menwei-face", &program, &arguments, &log)?);
        Ok(())
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill(),
            None => Ok(()),
        }
    }

    /// Its process.
    pub fn process(&mut self) -> Result<&mut Process> {
        self.process
            .as_mut()
            .ok_or_else(|| "menwei-face does not run".into())
    }

    /// How many templates it holds.
    pub fn templates(&self) -> Result<usize> {
        let mut templates = 0;
        for file in fs::read_dir(self.folder.join("templates"))? {
            // Of who signed for it the picture lies beside it.
            templates += usize::from(file?.path().extension().is_none_or(|end| end != "photo"));
        }
        Ok(templates)
    }

    /// Its log.
    pub fn log(&self) -> PathBuf {
        self.folder.join("menwei-face.log")
    }

    /// Its settings file.
    pub fn config(&self) -> PathBuf {
        self.folder.join("face.toml")
    }
}
