//! A Slurm of one node, this machine, for one test: with daemons, ports, key and folder of its own.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::processes::{is_root, wait_until};

/// How often ports are chosen: another process may take one before a daemon does.
const TRIES: usize = 5;

/// What stands in `slurm.conf` besides places, ports and names.
const CONFIGURATION: &str = "
ClusterName=memento
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
ReturnToService=2
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
";

/// Daemons that run, and an allocation of four processors. All ends when it is dropped.
#[derive(Debug)]
pub struct Slurm {
    slurmd: Daemon,
    _slurmctld: Daemon,
    _munged: Daemon,
    place: Place,
    job: String,
}

impl Slurm {
    /// `None`, with a message, where there is no Slurm, or this process may not start it.
    ///
    /// # Panics
    ///
    /// Where it does not come up, and where the variable `CI` says that everything has to be tested.
    pub fn start() -> Option<Self> {
        let missing = match Command::new("slurmd").arg("-V").output() {
            Ok(_) if is_root() => None,
            Ok(_) => Some("this process is not root's".to_owned()),
            Err(error) => Some(format!("cannot start slurmd: {error}")),
        };
        if let Some(missing) = missing {
            assert!(std::env::var_os("CI").is_none(), "not tested with Slurm: {missing}");
            eprintln!("not tested with Slurm: {missing}");
            return None;
        }
        let started = (0..TRIES).find_map(|_| Self::try_start());
        Some(started.expect("a Slurm whose ports nobody else takes"))
    }

    /// `None` where a daemon ends before it is ready.
    fn try_start() -> Option<Self> {
        let place = Place::new();
        let mut munged = place.start("munged", &place.arguments_of_munged());
        munged.wait_until_ready(|| place.path("munge/socket").exists())?;
        let mut slurmctld = place.start("slurmctld", &["-D".to_owned()]);
        slurmctld.wait_until_ready(|| place.ask("scontrol", &["ping"]).contains("is UP"))?;
        let mut slurmd = place.start("slurmd", &["-D".to_owned()]);
        slurmd.wait_until_ready(|| place.ask("sinfo", &["-h", "-o", "%T"]).trim() == "idle")?;
        place.ask("salloc", &["--no-shell", "--ntasks=4", "--immediate=60", "--job-name=test"]);
        let job = place.ask("squeue", &["-h", "-o", "%i"]).trim().to_owned();
        assert!(!job.is_empty(), "an allocation");
        Some(Self { slurmd, _slurmctld: slurmctld, _munged: munged, place, job })
    }

    /// What a worker is started by, as within the allocation.
    pub fn launcher(&self) -> Vec<String> {
        let variables = [self.place.variable(), format!("SLURM_JOB_ID={}", self.job)];
        let srun = ["srun", "--ntasks=1", "--exact", "--unbuffered"].map(str::to_owned);
        ["env".to_owned()].into_iter().chain(variables).chain(srun).collect()
    }

    /// The job steps that run.
    pub fn steps(&self) -> Vec<String> {
        let steps = self.place.ask("squeue", &["-h", "-s", "-o", "%i"]);
        steps.lines().map(str::to_owned).collect()
    }

    /// Cancels the job step that `process` belongs to.
    ///
    /// # Panics
    ///
    /// Where it belongs to none.
    pub fn cancel_step_of(&self, process: u32) {
        let variables = fs::read_to_string(format!("/proc/{process}/environ")).expect("variables");
        let mut variables = variables.split('\0');
        let step = variables.find_map(|variable| variable.strip_prefix("SLURM_STEP_ID="));
        let step = format!("{}.{}", self.job, step.expect("a process of a job step"));
        assert!(self.steps().contains(&step), "{step} is among the steps");
        self.place.ask("scancel", &[&step]);
    }

    /// Kills slurmd. Steps that run go on.
    pub fn kill_slurmd(&mut self) {
        self.slurmd.kill();
    }

    /// Starts slurmd again.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    pub fn start_slurmd(&mut self) {
        self.slurmd = self.place.start("slurmd", &["-D".to_owned()]);
        let port = self.place.ports[1];
        let is_ready = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        self.slurmd.wait_until_ready(is_ready).expect("its port is its own");
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        // What still runs in it ends before the daemons do. Nothing may panic here.
        let _ = self.place.command("scancel").arg(&self.job).status();
        for _ in 0..100 {
            let left = self.place.command("squeue").arg("-h").output();
            if left.is_ok_and(|left| left.stdout.is_empty()) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

/// Where the daemons keep what they have, and where they listen.
#[derive(Debug)]
struct Place {
    folder: TempDir,
    /// Those of slurmctld and of slurmd.
    ports: [u16; 2],
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let listeners = [0, 0].map(|any| TcpListener::bind((Ipv4Addr::UNSPECIFIED, any)));
        let ports = listeners.each_ref().map(|listener| {
            let address = listener.as_ref().expect("a free port").local_addr();
            address.expect("an address").port()
        });
        let place = Self { folder, ports };
        for folder in ["munge", "state", "spool"] {
            fs::create_dir(place.path(folder)).expect("a folder");
            let mode = fs::Permissions::from_mode(0o700);
            fs::set_permissions(place.path(folder), mode).expect("it is this process's own");
        }
        // Nobody else has to be kept out.
        fs::write(place.path("munge/key"), [7; 128]).expect("a key");
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(place.path("munge/key"), mode).expect("it is this process's own");
        fs::write(place.path("slurm.conf"), place.configuration()).expect("a configuration");
        place
    }

    fn configuration(&self) -> String {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
        let host = host.trim().split('.').next().unwrap_or_default().to_owned();
        let (folder, [slurmctld, slurmd]) = (self.folder.path().display(), self.ports);
        format!(
            "SlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={slurmctld}\nSlurmdPort={slurmd}\n\
             AuthInfo=socket={folder}/munge/socket\nStateSaveLocation={folder}/state\n\
             SlurmdSpoolDir={folder}/spool\nSlurmctldPidFile={folder}/slurmctld.pid\n\
             SlurmdPidFile={folder}/slurmd.pid\n\
             NodeName={host} NodeAddr=127.0.0.1 CPUs=8 State=UNKNOWN{CONFIGURATION}"
        )
    }

    fn arguments_of_munged(&self) -> Vec<String> {
        let files = ["socket", "key-file", "pid-file", "log-file", "seed-file"];
        let names = ["socket", "key", "pid", "log", "seed"];
        let files = files.into_iter().zip(names).map(|(option, name)| {
            format!("--{option}={}", self.path("munge").join(name).display())
        });
        // The temporary folder may be writable for others.
        ["--foreground", "--force"].map(str::to_owned).into_iter().chain(files).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn variable(&self) -> String {
        format!("SLURM_CONF={}", self.path("slurm.conf").display())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.path("slurm.conf")).stdin(Stdio::null());
        command
    }

    /// What a program of Slurm prints.
    fn ask(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Starts a daemon, which ends with the thread that started it at the latest.
    fn start(&self, program: &'static str, arguments: &[String]) -> Daemon {
        let log = self.path(&format!("{program}.log"));
        let output = File::options().append(true).create(true).open(&log).expect("a log");
        let child = self
            .command("setpriv")
            .args(["--pdeathsig", "KILL", program])
            .args(arguments)
            .stdout(output.try_clone().expect("another handle"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        Daemon { program, child, log }
    }
}

/// A daemon in the foreground. Dropping it kills it.
#[derive(Debug)]
struct Daemon {
    program: &'static str,
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// `None` where it has ended.
    fn wait_until_ready(&mut self, is_ready: impl Fn() -> bool) -> Option<()> {
        let what = format!("{} is ready", self.program);
        let mut has_ended = false;
        wait_until(&what, || {
            has_ended = !matches!(self.child.try_wait(), Ok(None));
            has_ended || is_ready()
        });
        if has_ended {
            eprintln!("{} has ended: {}", self.program, read(&self.log));
        }
        (!has_ended).then_some(())
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the log of {}:\n{}", self.program, read(&self.log));
        }
    }
}

fn read(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}
