//! The command line of a program whose options all have a value.

use std::ffi::OsString;
use std::str::FromStr;

/// An option that a program has.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// `--path`
    pub name: &'static str,
    /// What stands behind it: `DIR`.
    pub value: &'static str,
    /// What that is: `a folder`.
    pub what: &'static str,
}

/// Reads the arguments after the program's name: the value of each known option that is given, in the order of `known`.
/// `None` where `--help` is asked for.
///
/// # Errors
///
/// What is wrong with the command line, for the person who wrote it.
pub fn read<const N: usize>(
    arguments: impl IntoIterator<Item = OsString>,
    known: &[Known; N],
) -> Result<Option<[Option<OsString>; N]>, String> {
    let mut values = [const { None }; N];
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let option = argument.to_string_lossy().into_owned();
        if matches!(option.as_str(), "--help" | "-h") {
            return Ok(None);
        }
        let Some(index) = known.iter().position(|known| known.name == option) else {
            let names = known.map(|known| format!("{} {}", known.name, known.value)).join(", ");
            return Err(format!("there is no option `{option}`; there are {names} and --help"));
        };
        let what = known[index].what;
        let value = arguments.next().ok_or_else(|| format!("`{option}` needs {what} after it"))?;
        if values[index].replace(value).is_some() {
            return Err(format!("`{option}` is given twice"));
        }
    }
    Ok(Some(values))
}

/// The number behind `option`, from 1 on, or `default` where it is not given.
///
/// # Errors
///
/// Where it is no such number.
pub fn number<T: FromStr + Default + PartialEq>(
    option: &str,
    value: Option<&OsString>,
    default: T,
) -> Result<T, String> {
    let Some(value) = value else { return Ok(default) };
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.filter(|number| *number != T::default()).ok_or_else(|| {
        let value = value.to_string_lossy();
        format!("`{option}` needs a number from 1 on, and `{value}` is none")
    })
}
