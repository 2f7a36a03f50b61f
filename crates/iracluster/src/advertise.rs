//! What a service that listens for the telephone network tells others of itself.

use std::net::{IpAddr, SocketAddr};

use crate::ConfigError;

/// The address that others are told: the flag `advertise`, else the one that the flag `sip-udp` listens at.
///
/// # Errors
/// That is every address of the machine, which tells others none.
pub fn advertised_ip(advertise: Option<IpAddr>, sip_udp: SocketAddr) -> Result<IpAddr, ConfigError> {
    let ip = advertise.unwrap_or_else(|| sip_udp.ip());
    if ip.is_unspecified() {
        return Err(ConfigError::new(format!(
            "sip-udp = {sip_udp} names no address that others could be told: set advertise to one"
        )));
    }
    Ok(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_of_the_machine_is_told_that_is_all_of_them() {
        let (one, all) = (SocketAddr::from(([10, 0, 0, 1], 5060)), SocketAddr::from(([0, 0, 0, 0], 5060)));
        let told = |advertise: Option<[u8; 4]>, listen| advertised_ip(advertise.map(IpAddr::from), listen).ok();
        assert_eq!(told(None, one), Some(one.ip()));
        assert_eq!(told(Some([192, 0, 2, 1]), all), Some(IpAddr::from([192, 0, 2, 1])));
        assert_eq!((told(None, all), told(Some([0, 0, 0, 0]), one)), (None, None));
    }
}
