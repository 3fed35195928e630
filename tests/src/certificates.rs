//! Certificates for the time of a test.

use std::path::Path;

use crate::processes::shell;

/// Makes a certificate for this machine, one for a client, and that of who issued them.
const ISSUE: &str = "
    key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
    openssl req -x509 $key -keyout ca.key -out ca.pem -days 2 -subj /CN=ca
    echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' > names
    for name in server client; do
        openssl req $key -keyout $name.key -out $name.csr -subj /CN=$name
        openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $name.pem \\
            -days 2 -extfile names
    done
";

/// Makes `server.pem`, `client.pem` and their keys, and `ca.pem`, which both go back to.
///
/// # Panics
///
/// Where there is no `openssl`.
pub fn issue(folder: &Path) {
    shell(folder, &format!("({ISSUE}) > log 2>&1 || (cat log; exit 1)"));
}
