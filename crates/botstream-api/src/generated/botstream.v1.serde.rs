impl serde::Serialize for AudioDirection {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "AUDIO_DIRECTION_UNSPECIFIED",
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Both => "both",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for AudioDirection {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "AUDIO_DIRECTION_UNSPECIFIED",
            "inbound",
            "outbound",
            "both",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = AudioDirection;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "AUDIO_DIRECTION_UNSPECIFIED" => Ok(AudioDirection::Unspecified),
                    "inbound" => Ok(AudioDirection::Inbound),
                    "outbound" => Ok(AudioDirection::Outbound),
                    "both" => Ok(AudioDirection::Both),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for AudioFormat {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.encoding != 0 {
            len += 1;
        }
        if self.rate != 0 {
            len += 1;
        }
        if self.channels != 0 {
            len += 1;
        }
        if self.frame_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.AudioFormat", len)?;
        if self.encoding != 0 {
            let v = audio_format::Encoding::try_from(self.encoding)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.encoding)))?;
            struct_ser.serialize_field("encoding", &v)?;
        }
        if self.rate != 0 {
            struct_ser.serialize_field("rate", &self.rate)?;
        }
        if self.channels != 0 {
            struct_ser.serialize_field("channels", &self.channels)?;
        }
        if self.frame_ms != 0 {
            struct_ser.serialize_field("frame_ms", &self.frame_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for AudioFormat {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "encoding",
            "rate",
            "channels",
            "frame_ms",
            "frameMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Encoding,
            Rate,
            Channels,
            FrameMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "encoding" => Ok(GeneratedField::Encoding),
                            "rate" => Ok(GeneratedField::Rate),
                            "channels" => Ok(GeneratedField::Channels),
                            "frameMs" | "frame_ms" => Ok(GeneratedField::FrameMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = AudioFormat;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.AudioFormat")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<AudioFormat, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut encoding__ = None;
                let mut rate__ = None;
                let mut channels__ = None;
                let mut frame_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Encoding => {
                            if encoding__.is_some() {
                                return Err(serde::de::Error::duplicate_field("encoding"));
                            }
                            encoding__ = Some(map_.next_value::<audio_format::Encoding>()? as i32);
                        }
                        GeneratedField::Rate => {
                            if rate__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rate"));
                            }
                            rate__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Channels => {
                            if channels__.is_some() {
                                return Err(serde::de::Error::duplicate_field("channels"));
                            }
                            channels__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::FrameMs => {
                            if frame_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("frameMs"));
                            }
                            frame_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(AudioFormat {
                    encoding: encoding__.unwrap_or_default(),
                    rate: rate__.unwrap_or_default(),
                    channels: channels__.unwrap_or_default(),
                    frame_ms: frame_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.AudioFormat", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for audio_format::Encoding {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "ENCODING_UNSPECIFIED",
            Self::L16 => "l16",
            Self::Mulaw => "mulaw",
            Self::Alaw => "alaw",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for audio_format::Encoding {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "ENCODING_UNSPECIFIED",
            "l16",
            "mulaw",
            "alaw",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = audio_format::Encoding;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "ENCODING_UNSPECIFIED" => Ok(audio_format::Encoding::Unspecified),
                    "l16" => Ok(audio_format::Encoding::L16),
                    "mulaw" => Ok(audio_format::Encoding::Mulaw),
                    "alaw" => Ok(audio_format::Encoding::Alaw),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for Bot {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if !self.tenant.is_empty() {
            len += 1;
        }
        if !self.url.is_empty() {
            len += 1;
        }
        if self.format.is_some() {
            len += 1;
        }
        if self.playout.is_some() {
            len += 1;
        }
        if !self.metadata.is_empty() {
            len += 1;
        }
        if self.dialect != 0 {
            len += 1;
        }
        if self.tracks != 0 {
            len += 1;
        }
        if !self.fallback.is_empty() {
            len += 1;
        }
        if self.revision != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.Bot", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if !self.tenant.is_empty() {
            struct_ser.serialize_field("tenant", &self.tenant)?;
        }
        if !self.url.is_empty() {
            struct_ser.serialize_field("url", &self.url)?;
        }
        if let Some(v) = self.format.as_ref() {
            struct_ser.serialize_field("format", v)?;
        }
        if let Some(v) = self.playout.as_ref() {
            struct_ser.serialize_field("playout", v)?;
        }
        if !self.metadata.is_empty() {
            struct_ser.serialize_field("metadata", &self.metadata)?;
        }
        if self.dialect != 0 {
            let v = stream_spec::Dialect::try_from(self.dialect)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.dialect)))?;
            struct_ser.serialize_field("dialect", &v)?;
        }
        if self.tracks != 0 {
            let v = stream_spec::Tracks::try_from(self.tracks)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.tracks)))?;
            struct_ser.serialize_field("tracks", &v)?;
        }
        if !self.fallback.is_empty() {
            struct_ser.serialize_field("fallback", &self.fallback)?;
        }
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Bot {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "tenant",
            "url",
            "format",
            "playout",
            "metadata",
            "dialect",
            "tracks",
            "fallback",
            "revision",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Tenant,
            Url,
            Format,
            Playout,
            Metadata,
            Dialect,
            Tracks,
            Fallback,
            Revision,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "tenant" => Ok(GeneratedField::Tenant),
                            "url" => Ok(GeneratedField::Url),
                            "format" => Ok(GeneratedField::Format),
                            "playout" => Ok(GeneratedField::Playout),
                            "metadata" => Ok(GeneratedField::Metadata),
                            "dialect" => Ok(GeneratedField::Dialect),
                            "tracks" => Ok(GeneratedField::Tracks),
                            "fallback" => Ok(GeneratedField::Fallback),
                            "revision" => Ok(GeneratedField::Revision),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Bot;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.Bot")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Bot, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut tenant__ = None;
                let mut url__ = None;
                let mut format__ = None;
                let mut playout__ = None;
                let mut metadata__ = None;
                let mut dialect__ = None;
                let mut tracks__ = None;
                let mut fallback__ = None;
                let mut revision__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Tenant => {
                            if tenant__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tenant"));
                            }
                            tenant__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Url => {
                            if url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("url"));
                            }
                            url__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Format => {
                            if format__.is_some() {
                                return Err(serde::de::Error::duplicate_field("format"));
                            }
                            format__ = map_.next_value()?;
                        }
                        GeneratedField::Playout => {
                            if playout__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playout"));
                            }
                            playout__ = map_.next_value()?;
                        }
                        GeneratedField::Metadata => {
                            if metadata__.is_some() {
                                return Err(serde::de::Error::duplicate_field("metadata"));
                            }
                            metadata__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                        GeneratedField::Dialect => {
                            if dialect__.is_some() {
                                return Err(serde::de::Error::duplicate_field("dialect"));
                            }
                            dialect__ = Some(map_.next_value::<stream_spec::Dialect>()? as i32);
                        }
                        GeneratedField::Tracks => {
                            if tracks__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tracks"));
                            }
                            tracks__ = Some(map_.next_value::<stream_spec::Tracks>()? as i32);
                        }
                        GeneratedField::Fallback => {
                            if fallback__.is_some() {
                                return Err(serde::de::Error::duplicate_field("fallback"));
                            }
                            fallback__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Bot {
                    name: name__.unwrap_or_default(),
                    tenant: tenant__.unwrap_or_default(),
                    url: url__.unwrap_or_default(),
                    format: format__,
                    playout: playout__,
                    metadata: metadata__.unwrap_or_default(),
                    dialect: dialect__.unwrap_or_default(),
                    tracks: tracks__.unwrap_or_default(),
                    fallback: fallback__.unwrap_or_default(),
                    revision: revision__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.Bot", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BotDeleteReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("botstream.v1.BotDeleteReply", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BotDeleteReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BotDeleteReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.BotDeleteReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BotDeleteReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(BotDeleteReply {
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.BotDeleteReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BotDeleteRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.revision != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.BotDeleteRequest", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BotDeleteRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "revision",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Revision,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "revision" => Ok(GeneratedField::Revision),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BotDeleteRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.BotDeleteRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BotDeleteRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut revision__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(BotDeleteRequest {
                    name: name__.unwrap_or_default(),
                    revision: revision__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.BotDeleteRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BotGetRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.BotGetRequest", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BotGetRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BotGetRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.BotGetRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BotGetRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(BotGetRequest {
                    name: name__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.BotGetRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BotListReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.bots.is_empty() {
            len += 1;
        }
        if !self.cursor.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.BotListReply", len)?;
        if !self.bots.is_empty() {
            struct_ser.serialize_field("bots", &self.bots)?;
        }
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BotListReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "bots",
            "cursor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Bots,
            Cursor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "bots" => Ok(GeneratedField::Bots),
                            "cursor" => Ok(GeneratedField::Cursor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BotListReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.BotListReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BotListReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut bots__ = None;
                let mut cursor__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Bots => {
                            if bots__.is_some() {
                                return Err(serde::de::Error::duplicate_field("bots"));
                            }
                            bots__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(BotListReply {
                    bots: bots__.unwrap_or_default(),
                    cursor: cursor__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.BotListReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BotListRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.limit != 0 {
            len += 1;
        }
        if !self.cursor.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.BotListRequest", len)?;
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BotListRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "limit",
            "cursor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Limit,
            Cursor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "limit" => Ok(GeneratedField::Limit),
                            "cursor" => Ok(GeneratedField::Cursor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BotListRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.BotListRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BotListRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut limit__ = None;
                let mut cursor__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(BotListRequest {
                    limit: limit__.unwrap_or_default(),
                    cursor: cursor__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.BotListRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BridgeReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.other_call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.BridgeReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.other_call_id.is_empty() {
            struct_ser.serialize_field("other_call_id", &self.other_call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BridgeReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "other_call_id",
            "otherCallId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            OtherCallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "otherCallId" | "other_call_id" => Ok(GeneratedField::OtherCallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BridgeReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.BridgeReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BridgeReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut other_call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::OtherCallId => {
                            if other_call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("otherCallId"));
                            }
                            other_call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(BridgeReply {
                    call_id: call_id__.unwrap_or_default(),
                    other_call_id: other_call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.BridgeReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BridgeRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.other_call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.BridgeRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.other_call_id.is_empty() {
            struct_ser.serialize_field("other_call_id", &self.other_call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BridgeRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "other_call_id",
            "otherCallId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            OtherCallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "otherCallId" | "other_call_id" => Ok(GeneratedField::OtherCallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BridgeRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.BridgeRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BridgeRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut other_call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::OtherCallId => {
                            if other_call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("otherCallId"));
                            }
                            other_call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(BridgeRequest {
                    call_id: call_id__.unwrap_or_default(),
                    other_call_id: other_call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.BridgeRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Call {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.tenant.is_empty() {
            len += 1;
        }
        if !self.node.is_empty() {
            len += 1;
        }
        if self.direction != 0 {
            len += 1;
        }
        if self.state != 0 {
            len += 1;
        }
        if !self.from.is_empty() {
            len += 1;
        }
        if !self.to.is_empty() {
            len += 1;
        }
        if !self.trunk.is_empty() {
            len += 1;
        }
        if !self.bot_url.is_empty() {
            len += 1;
        }
        if !self.sip_call_id.is_empty() {
            len += 1;
        }
        if self.created_at.is_some() {
            len += 1;
        }
        if self.answered_at.is_some() {
            len += 1;
        }
        if !self.vars.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.Call", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.tenant.is_empty() {
            struct_ser.serialize_field("tenant", &self.tenant)?;
        }
        if !self.node.is_empty() {
            struct_ser.serialize_field("node", &self.node)?;
        }
        if self.direction != 0 {
            let v = call::Direction::try_from(self.direction)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.direction)))?;
            struct_ser.serialize_field("direction", &v)?;
        }
        if self.state != 0 {
            let v = call::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        if !self.from.is_empty() {
            struct_ser.serialize_field("from", &self.from)?;
        }
        if !self.to.is_empty() {
            struct_ser.serialize_field("to", &self.to)?;
        }
        if !self.trunk.is_empty() {
            struct_ser.serialize_field("trunk", &self.trunk)?;
        }
        if !self.bot_url.is_empty() {
            struct_ser.serialize_field("bot_url", &self.bot_url)?;
        }
        if !self.sip_call_id.is_empty() {
            struct_ser.serialize_field("sip_call_id", &self.sip_call_id)?;
        }
        if let Some(v) = self.created_at.as_ref() {
            struct_ser.serialize_field("created_at", v)?;
        }
        if let Some(v) = self.answered_at.as_ref() {
            struct_ser.serialize_field("answered_at", v)?;
        }
        if !self.vars.is_empty() {
            struct_ser.serialize_field("vars", &self.vars)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Call {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "tenant",
            "node",
            "direction",
            "state",
            "from",
            "to",
            "trunk",
            "bot_url",
            "botUrl",
            "sip_call_id",
            "sipCallId",
            "created_at",
            "createdAt",
            "answered_at",
            "answeredAt",
            "vars",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Tenant,
            Node,
            Direction,
            State,
            From,
            To,
            Trunk,
            BotUrl,
            SipCallId,
            CreatedAt,
            AnsweredAt,
            Vars,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "tenant" => Ok(GeneratedField::Tenant),
                            "node" => Ok(GeneratedField::Node),
                            "direction" => Ok(GeneratedField::Direction),
                            "state" => Ok(GeneratedField::State),
                            "from" => Ok(GeneratedField::From),
                            "to" => Ok(GeneratedField::To),
                            "trunk" => Ok(GeneratedField::Trunk),
                            "botUrl" | "bot_url" => Ok(GeneratedField::BotUrl),
                            "sipCallId" | "sip_call_id" => Ok(GeneratedField::SipCallId),
                            "createdAt" | "created_at" => Ok(GeneratedField::CreatedAt),
                            "answeredAt" | "answered_at" => Ok(GeneratedField::AnsweredAt),
                            "vars" => Ok(GeneratedField::Vars),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Call;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.Call")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Call, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut tenant__ = None;
                let mut node__ = None;
                let mut direction__ = None;
                let mut state__ = None;
                let mut from__ = None;
                let mut to__ = None;
                let mut trunk__ = None;
                let mut bot_url__ = None;
                let mut sip_call_id__ = None;
                let mut created_at__ = None;
                let mut answered_at__ = None;
                let mut vars__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Tenant => {
                            if tenant__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tenant"));
                            }
                            tenant__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Node => {
                            if node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("node"));
                            }
                            node__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Direction => {
                            if direction__.is_some() {
                                return Err(serde::de::Error::duplicate_field("direction"));
                            }
                            direction__ = Some(map_.next_value::<call::Direction>()? as i32);
                        }
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<call::State>()? as i32);
                        }
                        GeneratedField::From => {
                            if from__.is_some() {
                                return Err(serde::de::Error::duplicate_field("from"));
                            }
                            from__ = Some(map_.next_value()?);
                        }
                        GeneratedField::To => {
                            if to__.is_some() {
                                return Err(serde::de::Error::duplicate_field("to"));
                            }
                            to__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Trunk => {
                            if trunk__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunk"));
                            }
                            trunk__ = Some(map_.next_value()?);
                        }
                        GeneratedField::BotUrl => {
                            if bot_url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("botUrl"));
                            }
                            bot_url__ = Some(map_.next_value()?);
                        }
                        GeneratedField::SipCallId => {
                            if sip_call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sipCallId"));
                            }
                            sip_call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::CreatedAt => {
                            if created_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("createdAt"));
                            }
                            created_at__ = map_.next_value()?;
                        }
                        GeneratedField::AnsweredAt => {
                            if answered_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("answeredAt"));
                            }
                            answered_at__ = map_.next_value()?;
                        }
                        GeneratedField::Vars => {
                            if vars__.is_some() {
                                return Err(serde::de::Error::duplicate_field("vars"));
                            }
                            vars__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                    }
                }
                Ok(Call {
                    call_id: call_id__.unwrap_or_default(),
                    tenant: tenant__.unwrap_or_default(),
                    node: node__.unwrap_or_default(),
                    direction: direction__.unwrap_or_default(),
                    state: state__.unwrap_or_default(),
                    from: from__.unwrap_or_default(),
                    to: to__.unwrap_or_default(),
                    trunk: trunk__.unwrap_or_default(),
                    bot_url: bot_url__.unwrap_or_default(),
                    sip_call_id: sip_call_id__.unwrap_or_default(),
                    created_at: created_at__,
                    answered_at: answered_at__,
                    vars: vars__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.Call", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for call::Direction {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "DIRECTION_UNSPECIFIED",
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for call::Direction {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "DIRECTION_UNSPECIFIED",
            "inbound",
            "outbound",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = call::Direction;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "DIRECTION_UNSPECIFIED" => Ok(call::Direction::Unspecified),
                    "inbound" => Ok(call::Direction::Inbound),
                    "outbound" => Ok(call::Direction::Outbound),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for call::State {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Created => "created",
            Self::Routing => "routing",
            Self::Ringing => "ringing",
            Self::EarlyMedia => "early_media",
            Self::Answered => "answered",
            Self::Ended => "ended",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for call::State {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "STATE_UNSPECIFIED",
            "created",
            "routing",
            "ringing",
            "early_media",
            "answered",
            "ended",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = call::State;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "STATE_UNSPECIFIED" => Ok(call::State::Unspecified),
                    "created" => Ok(call::State::Created),
                    "routing" => Ok(call::State::Routing),
                    "ringing" => Ok(call::State::Ringing),
                    "early_media" => Ok(call::State::EarlyMedia),
                    "answered" => Ok(call::State::Answered),
                    "ended" => Ok(call::State::Ended),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for CallAnswered {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.setup_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallAnswered", len)?;
        if self.setup_ms != 0 {
            struct_ser.serialize_field("setup_ms", &self.setup_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallAnswered {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "setup_ms",
            "setupMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            SetupMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "setupMs" | "setup_ms" => Ok(GeneratedField::SetupMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallAnswered;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallAnswered")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallAnswered, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut setup_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::SetupMs => {
                            if setup_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("setupMs"));
                            }
                            setup_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(CallAnswered {
                    setup_ms: setup_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallAnswered", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallBridged {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.other_call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallBridged", len)?;
        if !self.other_call_id.is_empty() {
            struct_ser.serialize_field("other_call_id", &self.other_call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallBridged {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "other_call_id",
            "otherCallId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            OtherCallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "otherCallId" | "other_call_id" => Ok(GeneratedField::OtherCallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallBridged;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallBridged")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallBridged, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut other_call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::OtherCallId => {
                            if other_call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("otherCallId"));
                            }
                            other_call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(CallBridged {
                    other_call_id: other_call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallBridged", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallCreated {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.direction != 0 {
            len += 1;
        }
        if !self.from.is_empty() {
            len += 1;
        }
        if !self.to.is_empty() {
            len += 1;
        }
        if !self.trunk.is_empty() {
            len += 1;
        }
        if !self.sip_call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallCreated", len)?;
        if self.direction != 0 {
            let v = call::Direction::try_from(self.direction)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.direction)))?;
            struct_ser.serialize_field("direction", &v)?;
        }
        if !self.from.is_empty() {
            struct_ser.serialize_field("from", &self.from)?;
        }
        if !self.to.is_empty() {
            struct_ser.serialize_field("to", &self.to)?;
        }
        if !self.trunk.is_empty() {
            struct_ser.serialize_field("trunk", &self.trunk)?;
        }
        if !self.sip_call_id.is_empty() {
            struct_ser.serialize_field("sip_call_id", &self.sip_call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallCreated {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "direction",
            "from",
            "to",
            "trunk",
            "sip_call_id",
            "sipCallId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Direction,
            From,
            To,
            Trunk,
            SipCallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "direction" => Ok(GeneratedField::Direction),
                            "from" => Ok(GeneratedField::From),
                            "to" => Ok(GeneratedField::To),
                            "trunk" => Ok(GeneratedField::Trunk),
                            "sipCallId" | "sip_call_id" => Ok(GeneratedField::SipCallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallCreated;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallCreated")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallCreated, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut direction__ = None;
                let mut from__ = None;
                let mut to__ = None;
                let mut trunk__ = None;
                let mut sip_call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Direction => {
                            if direction__.is_some() {
                                return Err(serde::de::Error::duplicate_field("direction"));
                            }
                            direction__ = Some(map_.next_value::<call::Direction>()? as i32);
                        }
                        GeneratedField::From => {
                            if from__.is_some() {
                                return Err(serde::de::Error::duplicate_field("from"));
                            }
                            from__ = Some(map_.next_value()?);
                        }
                        GeneratedField::To => {
                            if to__.is_some() {
                                return Err(serde::de::Error::duplicate_field("to"));
                            }
                            to__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Trunk => {
                            if trunk__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunk"));
                            }
                            trunk__ = Some(map_.next_value()?);
                        }
                        GeneratedField::SipCallId => {
                            if sip_call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sipCallId"));
                            }
                            sip_call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(CallCreated {
                    direction: direction__.unwrap_or_default(),
                    from: from__.unwrap_or_default(),
                    to: to__.unwrap_or_default(),
                    trunk: trunk__.unwrap_or_default(),
                    sip_call_id: sip_call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallCreated", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallEarlyMedia {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.sip_status != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallEarlyMedia", len)?;
        if self.sip_status != 0 {
            struct_ser.serialize_field("sip_status", &self.sip_status)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallEarlyMedia {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "sip_status",
            "sipStatus",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            SipStatus,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "sipStatus" | "sip_status" => Ok(GeneratedField::SipStatus),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallEarlyMedia;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallEarlyMedia")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallEarlyMedia, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut sip_status__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::SipStatus => {
                            if sip_status__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sipStatus"));
                            }
                            sip_status__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(CallEarlyMedia {
                    sip_status: sip_status__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallEarlyMedia", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallEnded {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.cause.is_some() {
            len += 1;
        }
        if self.duration_ms != 0 {
            len += 1;
        }
        if self.talk_ms != 0 {
            len += 1;
        }
        if self.media.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallEnded", len)?;
        if let Some(v) = self.cause.as_ref() {
            struct_ser.serialize_field("cause", v)?;
        }
        if self.duration_ms != 0 {
            struct_ser.serialize_field("duration_ms", &self.duration_ms)?;
        }
        if self.talk_ms != 0 {
            struct_ser.serialize_field("talk_ms", &self.talk_ms)?;
        }
        if let Some(v) = self.media.as_ref() {
            struct_ser.serialize_field("media", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallEnded {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "cause",
            "duration_ms",
            "durationMs",
            "talk_ms",
            "talkMs",
            "media",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Cause,
            DurationMs,
            TalkMs,
            Media,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "cause" => Ok(GeneratedField::Cause),
                            "durationMs" | "duration_ms" => Ok(GeneratedField::DurationMs),
                            "talkMs" | "talk_ms" => Ok(GeneratedField::TalkMs),
                            "media" => Ok(GeneratedField::Media),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallEnded;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallEnded")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallEnded, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut cause__ = None;
                let mut duration_ms__ = None;
                let mut talk_ms__ = None;
                let mut media__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Cause => {
                            if cause__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cause"));
                            }
                            cause__ = map_.next_value()?;
                        }
                        GeneratedField::DurationMs => {
                            if duration_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("durationMs"));
                            }
                            duration_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::TalkMs => {
                            if talk_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("talkMs"));
                            }
                            talk_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Media => {
                            if media__.is_some() {
                                return Err(serde::de::Error::duplicate_field("media"));
                            }
                            media__ = map_.next_value()?;
                        }
                    }
                }
                Ok(CallEnded {
                    cause: cause__,
                    duration_ms: duration_ms__.unwrap_or_default(),
                    talk_ms: talk_ms__.unwrap_or_default(),
                    media: media__,
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallEnded", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallGetRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallGetRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallGetRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallGetRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallGetRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallGetRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(CallGetRequest {
                    call_id: call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallGetRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallHold {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.by_far_end {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallHold", len)?;
        if self.by_far_end {
            struct_ser.serialize_field("by_far_end", &self.by_far_end)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallHold {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "by_far_end",
            "byFarEnd",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ByFarEnd,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "byFarEnd" | "by_far_end" => Ok(GeneratedField::ByFarEnd),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallHold;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallHold")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallHold, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut by_far_end__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ByFarEnd => {
                            if by_far_end__.is_some() {
                                return Err(serde::de::Error::duplicate_field("byFarEnd"));
                            }
                            by_far_end__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(CallHold {
                    by_far_end: by_far_end__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallHold", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallListReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.calls.is_empty() {
            len += 1;
        }
        if !self.cursor.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallListReply", len)?;
        if !self.calls.is_empty() {
            struct_ser.serialize_field("calls", &self.calls)?;
        }
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallListReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "calls",
            "cursor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Calls,
            Cursor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "calls" => Ok(GeneratedField::Calls),
                            "cursor" => Ok(GeneratedField::Cursor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallListReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallListReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallListReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut calls__ = None;
                let mut cursor__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Calls => {
                            if calls__.is_some() {
                                return Err(serde::de::Error::duplicate_field("calls"));
                            }
                            calls__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(CallListReply {
                    calls: calls__.unwrap_or_default(),
                    cursor: cursor__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallListReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallListRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.state != 0 {
            len += 1;
        }
        if !self.trunk.is_empty() {
            len += 1;
        }
        if self.direction != 0 {
            len += 1;
        }
        if !self.node.is_empty() {
            len += 1;
        }
        if self.limit != 0 {
            len += 1;
        }
        if !self.cursor.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallListRequest", len)?;
        if self.state != 0 {
            let v = call::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        if !self.trunk.is_empty() {
            struct_ser.serialize_field("trunk", &self.trunk)?;
        }
        if self.direction != 0 {
            let v = call::Direction::try_from(self.direction)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.direction)))?;
            struct_ser.serialize_field("direction", &v)?;
        }
        if !self.node.is_empty() {
            struct_ser.serialize_field("node", &self.node)?;
        }
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallListRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "state",
            "trunk",
            "direction",
            "node",
            "limit",
            "cursor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            State,
            Trunk,
            Direction,
            Node,
            Limit,
            Cursor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "state" => Ok(GeneratedField::State),
                            "trunk" => Ok(GeneratedField::Trunk),
                            "direction" => Ok(GeneratedField::Direction),
                            "node" => Ok(GeneratedField::Node),
                            "limit" => Ok(GeneratedField::Limit),
                            "cursor" => Ok(GeneratedField::Cursor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallListRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallListRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallListRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut state__ = None;
                let mut trunk__ = None;
                let mut direction__ = None;
                let mut node__ = None;
                let mut limit__ = None;
                let mut cursor__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<call::State>()? as i32);
                        }
                        GeneratedField::Trunk => {
                            if trunk__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunk"));
                            }
                            trunk__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Direction => {
                            if direction__.is_some() {
                                return Err(serde::de::Error::duplicate_field("direction"));
                            }
                            direction__ = Some(map_.next_value::<call::Direction>()? as i32);
                        }
                        GeneratedField::Node => {
                            if node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("node"));
                            }
                            node__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(CallListRequest {
                    state: state__.unwrap_or_default(),
                    trunk: trunk__.unwrap_or_default(),
                    direction: direction__.unwrap_or_default(),
                    node: node__.unwrap_or_default(),
                    limit: limit__.unwrap_or_default(),
                    cursor: cursor__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallListRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallRinging {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.sip_status != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallRinging", len)?;
        if self.sip_status != 0 {
            struct_ser.serialize_field("sip_status", &self.sip_status)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallRinging {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "sip_status",
            "sipStatus",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            SipStatus,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "sipStatus" | "sip_status" => Ok(GeneratedField::SipStatus),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallRinging;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallRinging")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallRinging, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut sip_status__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::SipStatus => {
                            if sip_status__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sipStatus"));
                            }
                            sip_status__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(CallRinging {
                    sip_status: sip_status__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallRinging", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallRouting {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.route.is_empty() {
            len += 1;
        }
        if !self.bot_url.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallRouting", len)?;
        if !self.route.is_empty() {
            struct_ser.serialize_field("route", &self.route)?;
        }
        if !self.bot_url.is_empty() {
            struct_ser.serialize_field("bot_url", &self.bot_url)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallRouting {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "route",
            "bot_url",
            "botUrl",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Route,
            BotUrl,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "route" => Ok(GeneratedField::Route),
                            "botUrl" | "bot_url" => Ok(GeneratedField::BotUrl),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallRouting;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallRouting")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallRouting, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut route__ = None;
                let mut bot_url__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Route => {
                            if route__.is_some() {
                                return Err(serde::de::Error::duplicate_field("route"));
                            }
                            route__ = Some(map_.next_value()?);
                        }
                        GeneratedField::BotUrl => {
                            if bot_url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("botUrl"));
                            }
                            bot_url__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(CallRouting {
                    route: route__.unwrap_or_default(),
                    bot_url: bot_url__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallRouting", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallUnbridged {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.other_call_id.is_empty() {
            len += 1;
        }
        if self.reason != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallUnbridged", len)?;
        if !self.other_call_id.is_empty() {
            struct_ser.serialize_field("other_call_id", &self.other_call_id)?;
        }
        if self.reason != 0 {
            let v = call_unbridged::Reason::try_from(self.reason)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.reason)))?;
            struct_ser.serialize_field("reason", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallUnbridged {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "other_call_id",
            "otherCallId",
            "reason",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            OtherCallId,
            Reason,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "otherCallId" | "other_call_id" => Ok(GeneratedField::OtherCallId),
                            "reason" => Ok(GeneratedField::Reason),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallUnbridged;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallUnbridged")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallUnbridged, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut other_call_id__ = None;
                let mut reason__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::OtherCallId => {
                            if other_call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("otherCallId"));
                            }
                            other_call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value::<call_unbridged::Reason>()? as i32);
                        }
                    }
                }
                Ok(CallUnbridged {
                    other_call_id: other_call_id__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallUnbridged", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for call_unbridged::Reason {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "REASON_UNSPECIFIED",
            Self::Unbridged => "unbridged",
            Self::OtherEnded => "other_ended",
            Self::Ended => "ended",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for call_unbridged::Reason {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "REASON_UNSPECIFIED",
            "unbridged",
            "other_ended",
            "ended",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = call_unbridged::Reason;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "REASON_UNSPECIFIED" => Ok(call_unbridged::Reason::Unspecified),
                    "unbridged" => Ok(call_unbridged::Reason::Unbridged),
                    "other_ended" => Ok(call_unbridged::Reason::OtherEnded),
                    "ended" => Ok(call_unbridged::Reason::Ended),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for CallUnhold {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.by_far_end {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.CallUnhold", len)?;
        if self.by_far_end {
            struct_ser.serialize_field("by_far_end", &self.by_far_end)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallUnhold {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "by_far_end",
            "byFarEnd",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ByFarEnd,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "byFarEnd" | "by_far_end" => Ok(GeneratedField::ByFarEnd),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallUnhold;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.CallUnhold")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallUnhold, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut by_far_end__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ByFarEnd => {
                            if by_far_end__.is_some() {
                                return Err(serde::de::Error::duplicate_field("byFarEnd"));
                            }
                            by_far_end__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(CallUnhold {
                    by_far_end: by_far_end__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.CallUnhold", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Cause {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.party != 0 {
            len += 1;
        }
        if self.class != 0 {
            len += 1;
        }
        if self.sip_status != 0 {
            len += 1;
        }
        if !self.sip_reason.is_empty() {
            len += 1;
        }
        if self.q850 != 0 {
            len += 1;
        }
        if !self.reason_headers.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.Cause", len)?;
        if self.party != 0 {
            let v = cause::Party::try_from(self.party)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.party)))?;
            struct_ser.serialize_field("party", &v)?;
        }
        if self.class != 0 {
            let v = cause::Class::try_from(self.class)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.class)))?;
            struct_ser.serialize_field("class", &v)?;
        }
        if self.sip_status != 0 {
            struct_ser.serialize_field("sip_status", &self.sip_status)?;
        }
        if !self.sip_reason.is_empty() {
            struct_ser.serialize_field("sip_reason", &self.sip_reason)?;
        }
        if self.q850 != 0 {
            struct_ser.serialize_field("q850", &self.q850)?;
        }
        if !self.reason_headers.is_empty() {
            struct_ser.serialize_field("reason_headers", &self.reason_headers)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Cause {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "party",
            "class",
            "sip_status",
            "sipStatus",
            "sip_reason",
            "sipReason",
            "q850",
            "reason_headers",
            "reasonHeaders",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Party,
            Class,
            SipStatus,
            SipReason,
            Q850,
            ReasonHeaders,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "party" => Ok(GeneratedField::Party),
                            "class" => Ok(GeneratedField::Class),
                            "sipStatus" | "sip_status" => Ok(GeneratedField::SipStatus),
                            "sipReason" | "sip_reason" => Ok(GeneratedField::SipReason),
                            "q850" => Ok(GeneratedField::Q850),
                            "reasonHeaders" | "reason_headers" => Ok(GeneratedField::ReasonHeaders),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Cause;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.Cause")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Cause, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut party__ = None;
                let mut class__ = None;
                let mut sip_status__ = None;
                let mut sip_reason__ = None;
                let mut q850__ = None;
                let mut reason_headers__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Party => {
                            if party__.is_some() {
                                return Err(serde::de::Error::duplicate_field("party"));
                            }
                            party__ = Some(map_.next_value::<cause::Party>()? as i32);
                        }
                        GeneratedField::Class => {
                            if class__.is_some() {
                                return Err(serde::de::Error::duplicate_field("class"));
                            }
                            class__ = Some(map_.next_value::<cause::Class>()? as i32);
                        }
                        GeneratedField::SipStatus => {
                            if sip_status__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sipStatus"));
                            }
                            sip_status__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::SipReason => {
                            if sip_reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sipReason"));
                            }
                            sip_reason__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Q850 => {
                            if q850__.is_some() {
                                return Err(serde::de::Error::duplicate_field("q850"));
                            }
                            q850__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::ReasonHeaders => {
                            if reason_headers__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reasonHeaders"));
                            }
                            reason_headers__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(Cause {
                    party: party__.unwrap_or_default(),
                    class: class__.unwrap_or_default(),
                    sip_status: sip_status__.unwrap_or_default(),
                    sip_reason: sip_reason__.unwrap_or_default(),
                    q850: q850__.unwrap_or_default(),
                    reason_headers: reason_headers__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.Cause", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for cause::Class {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "CLASS_UNSPECIFIED",
            Self::Normal => "NORMAL",
            Self::Busy => "BUSY",
            Self::NoAnswer => "NO_ANSWER",
            Self::Rejected => "REJECTED",
            Self::InvalidNumber => "INVALID_NUMBER",
            Self::Congestion => "CONGESTION",
            Self::MediaTimeout => "MEDIA_TIMEOUT",
            Self::BotFailed => "BOT_FAILED",
            Self::Limit => "LIMIT",
            Self::MaxDuration => "MAX_DURATION",
            Self::CpaPolicy => "CPA_POLICY",
            Self::Drain => "DRAIN",
            Self::NodeLost => "NODE_LOST",
            Self::Internal => "INTERNAL",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for cause::Class {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "CLASS_UNSPECIFIED",
            "NORMAL",
            "BUSY",
            "NO_ANSWER",
            "REJECTED",
            "INVALID_NUMBER",
            "CONGESTION",
            "MEDIA_TIMEOUT",
            "BOT_FAILED",
            "LIMIT",
            "MAX_DURATION",
            "CPA_POLICY",
            "DRAIN",
            "NODE_LOST",
            "INTERNAL",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = cause::Class;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "CLASS_UNSPECIFIED" => Ok(cause::Class::Unspecified),
                    "NORMAL" => Ok(cause::Class::Normal),
                    "BUSY" => Ok(cause::Class::Busy),
                    "NO_ANSWER" => Ok(cause::Class::NoAnswer),
                    "REJECTED" => Ok(cause::Class::Rejected),
                    "INVALID_NUMBER" => Ok(cause::Class::InvalidNumber),
                    "CONGESTION" => Ok(cause::Class::Congestion),
                    "MEDIA_TIMEOUT" => Ok(cause::Class::MediaTimeout),
                    "BOT_FAILED" => Ok(cause::Class::BotFailed),
                    "LIMIT" => Ok(cause::Class::Limit),
                    "MAX_DURATION" => Ok(cause::Class::MaxDuration),
                    "CPA_POLICY" => Ok(cause::Class::CpaPolicy),
                    "DRAIN" => Ok(cause::Class::Drain),
                    "NODE_LOST" => Ok(cause::Class::NodeLost),
                    "INTERNAL" => Ok(cause::Class::Internal),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for cause::Party {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "PARTY_UNSPECIFIED",
            Self::Caller => "CALLER",
            Self::Callee => "CALLEE",
            Self::Bot => "BOT",
            Self::Operator => "OPERATOR",
            Self::System => "SYSTEM",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for cause::Party {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "PARTY_UNSPECIFIED",
            "CALLER",
            "CALLEE",
            "BOT",
            "OPERATOR",
            "SYSTEM",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = cause::Party;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "PARTY_UNSPECIFIED" => Ok(cause::Party::Unspecified),
                    "CALLER" => Ok(cause::Party::Caller),
                    "CALLEE" => Ok(cause::Party::Callee),
                    "BOT" => Ok(cause::Party::Bot),
                    "OPERATOR" => Ok(cause::Party::Operator),
                    "SYSTEM" => Ok(cause::Party::System),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for DialReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.node.is_empty() {
            len += 1;
        }
        if self.state != 0 {
            len += 1;
        }
        if self.cause.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.DialReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.node.is_empty() {
            struct_ser.serialize_field("node", &self.node)?;
        }
        if self.state != 0 {
            let v = call::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        if let Some(v) = self.cause.as_ref() {
            struct_ser.serialize_field("cause", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DialReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "node",
            "state",
            "cause",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Node,
            State,
            Cause,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "node" => Ok(GeneratedField::Node),
                            "state" => Ok(GeneratedField::State),
                            "cause" => Ok(GeneratedField::Cause),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DialReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.DialReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DialReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut node__ = None;
                let mut state__ = None;
                let mut cause__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Node => {
                            if node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("node"));
                            }
                            node__ = Some(map_.next_value()?);
                        }
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<call::State>()? as i32);
                        }
                        GeneratedField::Cause => {
                            if cause__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cause"));
                            }
                            cause__ = map_.next_value()?;
                        }
                    }
                }
                Ok(DialReply {
                    call_id: call_id__.unwrap_or_default(),
                    node: node__.unwrap_or_default(),
                    state: state__.unwrap_or_default(),
                    cause: cause__,
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.DialReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for DialRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.to.is_empty() {
            len += 1;
        }
        if !self.from.is_empty() {
            len += 1;
        }
        if !self.trunk.is_empty() {
            len += 1;
        }
        if self.bot.is_some() {
            len += 1;
        }
        if self.ring_timeout_ms != 0 {
            len += 1;
        }
        if self.max_duration_ms != 0 {
            len += 1;
        }
        if !self.headers.is_empty() {
            len += 1;
        }
        if !self.vars.is_empty() {
            len += 1;
        }
        if self.wait != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.DialRequest", len)?;
        if !self.to.is_empty() {
            struct_ser.serialize_field("to", &self.to)?;
        }
        if !self.from.is_empty() {
            struct_ser.serialize_field("from", &self.from)?;
        }
        if !self.trunk.is_empty() {
            struct_ser.serialize_field("trunk", &self.trunk)?;
        }
        if let Some(v) = self.bot.as_ref() {
            struct_ser.serialize_field("bot", v)?;
        }
        if self.ring_timeout_ms != 0 {
            struct_ser.serialize_field("ring_timeout_ms", &self.ring_timeout_ms)?;
        }
        if self.max_duration_ms != 0 {
            struct_ser.serialize_field("max_duration_ms", &self.max_duration_ms)?;
        }
        if !self.headers.is_empty() {
            struct_ser.serialize_field("headers", &self.headers)?;
        }
        if !self.vars.is_empty() {
            struct_ser.serialize_field("vars", &self.vars)?;
        }
        if self.wait != 0 {
            let v = dial_request::Wait::try_from(self.wait)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.wait)))?;
            struct_ser.serialize_field("wait", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DialRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "to",
            "from",
            "trunk",
            "bot",
            "ring_timeout_ms",
            "ringTimeoutMs",
            "max_duration_ms",
            "maxDurationMs",
            "headers",
            "vars",
            "wait",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            To,
            From,
            Trunk,
            Bot,
            RingTimeoutMs,
            MaxDurationMs,
            Headers,
            Vars,
            Wait,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "to" => Ok(GeneratedField::To),
                            "from" => Ok(GeneratedField::From),
                            "trunk" => Ok(GeneratedField::Trunk),
                            "bot" => Ok(GeneratedField::Bot),
                            "ringTimeoutMs" | "ring_timeout_ms" => Ok(GeneratedField::RingTimeoutMs),
                            "maxDurationMs" | "max_duration_ms" => Ok(GeneratedField::MaxDurationMs),
                            "headers" => Ok(GeneratedField::Headers),
                            "vars" => Ok(GeneratedField::Vars),
                            "wait" => Ok(GeneratedField::Wait),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DialRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.DialRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DialRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut to__ = None;
                let mut from__ = None;
                let mut trunk__ = None;
                let mut bot__ = None;
                let mut ring_timeout_ms__ = None;
                let mut max_duration_ms__ = None;
                let mut headers__ = None;
                let mut vars__ = None;
                let mut wait__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::To => {
                            if to__.is_some() {
                                return Err(serde::de::Error::duplicate_field("to"));
                            }
                            to__ = Some(map_.next_value()?);
                        }
                        GeneratedField::From => {
                            if from__.is_some() {
                                return Err(serde::de::Error::duplicate_field("from"));
                            }
                            from__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Trunk => {
                            if trunk__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunk"));
                            }
                            trunk__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Bot => {
                            if bot__.is_some() {
                                return Err(serde::de::Error::duplicate_field("bot"));
                            }
                            bot__ = map_.next_value()?;
                        }
                        GeneratedField::RingTimeoutMs => {
                            if ring_timeout_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ringTimeoutMs"));
                            }
                            ring_timeout_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::MaxDurationMs => {
                            if max_duration_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("maxDurationMs"));
                            }
                            max_duration_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Headers => {
                            if headers__.is_some() {
                                return Err(serde::de::Error::duplicate_field("headers"));
                            }
                            headers__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                        GeneratedField::Vars => {
                            if vars__.is_some() {
                                return Err(serde::de::Error::duplicate_field("vars"));
                            }
                            vars__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                        GeneratedField::Wait => {
                            if wait__.is_some() {
                                return Err(serde::de::Error::duplicate_field("wait"));
                            }
                            wait__ = Some(map_.next_value::<dial_request::Wait>()? as i32);
                        }
                    }
                }
                Ok(DialRequest {
                    to: to__.unwrap_or_default(),
                    from: from__.unwrap_or_default(),
                    trunk: trunk__.unwrap_or_default(),
                    bot: bot__,
                    ring_timeout_ms: ring_timeout_ms__.unwrap_or_default(),
                    max_duration_ms: max_duration_ms__.unwrap_or_default(),
                    headers: headers__.unwrap_or_default(),
                    vars: vars__.unwrap_or_default(),
                    wait: wait__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.DialRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for dial_request::Wait {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "WAIT_UNSPECIFIED",
            Self::Answered => "answered",
            Self::Completed => "completed",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for dial_request::Wait {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "WAIT_UNSPECIFIED",
            "answered",
            "completed",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = dial_request::Wait;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "WAIT_UNSPECIFIED" => Ok(dial_request::Wait::Unspecified),
                    "answered" => Ok(dial_request::Wait::Answered),
                    "completed" => Ok(dial_request::Wait::Completed),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for DtmfCollectReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.collect_id.is_empty() {
            len += 1;
        }
        if self.outcome.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.DtmfCollectReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.collect_id.is_empty() {
            struct_ser.serialize_field("collect_id", &self.collect_id)?;
        }
        if let Some(v) = self.outcome.as_ref() {
            struct_ser.serialize_field("outcome", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DtmfCollectReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "collect_id",
            "collectId",
            "outcome",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            CollectId,
            Outcome,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "collectId" | "collect_id" => Ok(GeneratedField::CollectId),
                            "outcome" => Ok(GeneratedField::Outcome),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DtmfCollectReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.DtmfCollectReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DtmfCollectReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut collect_id__ = None;
                let mut outcome__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::CollectId => {
                            if collect_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("collectId"));
                            }
                            collect_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Outcome => {
                            if outcome__.is_some() {
                                return Err(serde::de::Error::duplicate_field("outcome"));
                            }
                            outcome__ = map_.next_value()?;
                        }
                    }
                }
                Ok(DtmfCollectReply {
                    call_id: call_id__.unwrap_or_default(),
                    collect_id: collect_id__.unwrap_or_default(),
                    outcome: outcome__,
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.DtmfCollectReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for DtmfCollectRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if self.max != 0 {
            len += 1;
        }
        if !self.terminators.is_empty() {
            len += 1;
        }
        if self.first_ms != 0 {
            len += 1;
        }
        if self.inter_ms != 0 {
            len += 1;
        }
        if !self.leg.is_empty() {
            len += 1;
        }
        if self.wait != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.DtmfCollectRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if self.max != 0 {
            struct_ser.serialize_field("max", &self.max)?;
        }
        if !self.terminators.is_empty() {
            struct_ser.serialize_field("terminators", &self.terminators)?;
        }
        if self.first_ms != 0 {
            struct_ser.serialize_field("first_ms", &self.first_ms)?;
        }
        if self.inter_ms != 0 {
            struct_ser.serialize_field("inter_ms", &self.inter_ms)?;
        }
        if !self.leg.is_empty() {
            struct_ser.serialize_field("leg", &self.leg)?;
        }
        if self.wait != 0 {
            let v = dtmf_collect_request::Wait::try_from(self.wait)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.wait)))?;
            struct_ser.serialize_field("wait", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DtmfCollectRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "max",
            "terminators",
            "first_ms",
            "firstMs",
            "inter_ms",
            "interMs",
            "leg",
            "wait",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Max,
            Terminators,
            FirstMs,
            InterMs,
            Leg,
            Wait,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "max" => Ok(GeneratedField::Max),
                            "terminators" => Ok(GeneratedField::Terminators),
                            "firstMs" | "first_ms" => Ok(GeneratedField::FirstMs),
                            "interMs" | "inter_ms" => Ok(GeneratedField::InterMs),
                            "leg" => Ok(GeneratedField::Leg),
                            "wait" => Ok(GeneratedField::Wait),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DtmfCollectRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.DtmfCollectRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DtmfCollectRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut max__ = None;
                let mut terminators__ = None;
                let mut first_ms__ = None;
                let mut inter_ms__ = None;
                let mut leg__ = None;
                let mut wait__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Max => {
                            if max__.is_some() {
                                return Err(serde::de::Error::duplicate_field("max"));
                            }
                            max__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Terminators => {
                            if terminators__.is_some() {
                                return Err(serde::de::Error::duplicate_field("terminators"));
                            }
                            terminators__ = Some(map_.next_value()?);
                        }
                        GeneratedField::FirstMs => {
                            if first_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("firstMs"));
                            }
                            first_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::InterMs => {
                            if inter_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("interMs"));
                            }
                            inter_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Leg => {
                            if leg__.is_some() {
                                return Err(serde::de::Error::duplicate_field("leg"));
                            }
                            leg__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Wait => {
                            if wait__.is_some() {
                                return Err(serde::de::Error::duplicate_field("wait"));
                            }
                            wait__ = Some(map_.next_value::<dtmf_collect_request::Wait>()? as i32);
                        }
                    }
                }
                Ok(DtmfCollectRequest {
                    call_id: call_id__.unwrap_or_default(),
                    max: max__.unwrap_or_default(),
                    terminators: terminators__.unwrap_or_default(),
                    first_ms: first_ms__.unwrap_or_default(),
                    inter_ms: inter_ms__.unwrap_or_default(),
                    leg: leg__.unwrap_or_default(),
                    wait: wait__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.DtmfCollectRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for dtmf_collect_request::Wait {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "WAIT_UNSPECIFIED",
            Self::Completed => "completed",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for dtmf_collect_request::Wait {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "WAIT_UNSPECIFIED",
            "completed",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = dtmf_collect_request::Wait;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "WAIT_UNSPECIFIED" => Ok(dtmf_collect_request::Wait::Unspecified),
                    "completed" => Ok(dtmf_collect_request::Wait::Completed),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for DtmfCollected {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.collect_id.is_empty() {
            len += 1;
        }
        if !self.digits.is_empty() {
            len += 1;
        }
        if self.reason != 0 {
            len += 1;
        }
        if !self.ended_by.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.DtmfCollected", len)?;
        if !self.collect_id.is_empty() {
            struct_ser.serialize_field("collect_id", &self.collect_id)?;
        }
        if !self.digits.is_empty() {
            struct_ser.serialize_field("digits", &self.digits)?;
        }
        if self.reason != 0 {
            let v = dtmf_collected::Reason::try_from(self.reason)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.reason)))?;
            struct_ser.serialize_field("reason", &v)?;
        }
        if !self.ended_by.is_empty() {
            struct_ser.serialize_field("ended_by", &self.ended_by)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DtmfCollected {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "collect_id",
            "collectId",
            "digits",
            "reason",
            "ended_by",
            "endedBy",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CollectId,
            Digits,
            Reason,
            EndedBy,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "collectId" | "collect_id" => Ok(GeneratedField::CollectId),
                            "digits" => Ok(GeneratedField::Digits),
                            "reason" => Ok(GeneratedField::Reason),
                            "endedBy" | "ended_by" => Ok(GeneratedField::EndedBy),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DtmfCollected;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.DtmfCollected")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DtmfCollected, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut collect_id__ = None;
                let mut digits__ = None;
                let mut reason__ = None;
                let mut ended_by__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CollectId => {
                            if collect_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("collectId"));
                            }
                            collect_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Digits => {
                            if digits__.is_some() {
                                return Err(serde::de::Error::duplicate_field("digits"));
                            }
                            digits__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value::<dtmf_collected::Reason>()? as i32);
                        }
                        GeneratedField::EndedBy => {
                            if ended_by__.is_some() {
                                return Err(serde::de::Error::duplicate_field("endedBy"));
                            }
                            ended_by__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(DtmfCollected {
                    collect_id: collect_id__.unwrap_or_default(),
                    digits: digits__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                    ended_by: ended_by__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.DtmfCollected", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for dtmf_collected::Reason {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "REASON_UNSPECIFIED",
            Self::Max => "max",
            Self::Terminator => "terminator",
            Self::Timeout => "timeout",
            Self::Replaced => "replaced",
            Self::Ended => "ended",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for dtmf_collected::Reason {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "REASON_UNSPECIFIED",
            "max",
            "terminator",
            "timeout",
            "replaced",
            "ended",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = dtmf_collected::Reason;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "REASON_UNSPECIFIED" => Ok(dtmf_collected::Reason::Unspecified),
                    "max" => Ok(dtmf_collected::Reason::Max),
                    "terminator" => Ok(dtmf_collected::Reason::Terminator),
                    "timeout" => Ok(dtmf_collected::Reason::Timeout),
                    "replaced" => Ok(dtmf_collected::Reason::Replaced),
                    "ended" => Ok(dtmf_collected::Reason::Ended),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for DtmfDigit {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.digit.is_empty() {
            len += 1;
        }
        if self.duration_ms != 0 {
            len += 1;
        }
        if self.source != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.DtmfDigit", len)?;
        if !self.digit.is_empty() {
            struct_ser.serialize_field("digit", &self.digit)?;
        }
        if self.duration_ms != 0 {
            struct_ser.serialize_field("duration_ms", &self.duration_ms)?;
        }
        if self.source != 0 {
            let v = dtmf_digit::Source::try_from(self.source)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.source)))?;
            struct_ser.serialize_field("source", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DtmfDigit {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "digit",
            "duration_ms",
            "durationMs",
            "source",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Digit,
            DurationMs,
            Source,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "digit" => Ok(GeneratedField::Digit),
                            "durationMs" | "duration_ms" => Ok(GeneratedField::DurationMs),
                            "source" => Ok(GeneratedField::Source),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DtmfDigit;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.DtmfDigit")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DtmfDigit, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut digit__ = None;
                let mut duration_ms__ = None;
                let mut source__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Digit => {
                            if digit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("digit"));
                            }
                            digit__ = Some(map_.next_value()?);
                        }
                        GeneratedField::DurationMs => {
                            if duration_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("durationMs"));
                            }
                            duration_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Source => {
                            if source__.is_some() {
                                return Err(serde::de::Error::duplicate_field("source"));
                            }
                            source__ = Some(map_.next_value::<dtmf_digit::Source>()? as i32);
                        }
                    }
                }
                Ok(DtmfDigit {
                    digit: digit__.unwrap_or_default(),
                    duration_ms: duration_ms__.unwrap_or_default(),
                    source: source__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.DtmfDigit", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for dtmf_digit::Source {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "SOURCE_UNSPECIFIED",
            Self::Rfc4733 => "rfc4733",
            Self::Info => "info",
            Self::Inband => "inband",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for dtmf_digit::Source {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "SOURCE_UNSPECIFIED",
            "rfc4733",
            "info",
            "inband",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = dtmf_digit::Source;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "SOURCE_UNSPECIFIED" => Ok(dtmf_digit::Source::Unspecified),
                    "rfc4733" => Ok(dtmf_digit::Source::Rfc4733),
                    "info" => Ok(dtmf_digit::Source::Info),
                    "inband" => Ok(dtmf_digit::Source::Inband),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for DtmfSendReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.DtmfSendReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DtmfSendReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DtmfSendReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.DtmfSendReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DtmfSendReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(DtmfSendReply {
                    call_id: call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.DtmfSendReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for DtmfSendRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.digits.is_empty() {
            len += 1;
        }
        if !self.leg.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.DtmfSendRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.digits.is_empty() {
            struct_ser.serialize_field("digits", &self.digits)?;
        }
        if !self.leg.is_empty() {
            struct_ser.serialize_field("leg", &self.leg)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DtmfSendRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "digits",
            "leg",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Digits,
            Leg,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "digits" => Ok(GeneratedField::Digits),
                            "leg" => Ok(GeneratedField::Leg),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DtmfSendRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.DtmfSendRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DtmfSendRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut digits__ = None;
                let mut leg__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Digits => {
                            if digits__.is_some() {
                                return Err(serde::de::Error::duplicate_field("digits"));
                            }
                            digits__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Leg => {
                            if leg__.is_some() {
                                return Err(serde::de::Error::duplicate_field("leg"));
                            }
                            leg__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(DtmfSendRequest {
                    call_id: call_id__.unwrap_or_default(),
                    digits: digits__.unwrap_or_default(),
                    leg: leg__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.DtmfSendRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ErrorDetail {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.code != 0 {
            len += 1;
        }
        if !self.name.is_empty() {
            len += 1;
        }
        if !self.message.is_empty() {
            len += 1;
        }
        if !self.field.is_empty() {
            len += 1;
        }
        if self.retryable {
            len += 1;
        }
        if self.retry_after_ms != 0 {
            len += 1;
        }
        if !self.owner_node.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.ErrorDetail", len)?;
        if self.code != 0 {
            struct_ser.serialize_field("code", &self.code)?;
        }
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if !self.message.is_empty() {
            struct_ser.serialize_field("message", &self.message)?;
        }
        if !self.field.is_empty() {
            struct_ser.serialize_field("field", &self.field)?;
        }
        if self.retryable {
            struct_ser.serialize_field("retryable", &self.retryable)?;
        }
        if self.retry_after_ms != 0 {
            struct_ser.serialize_field("retry_after_ms", &self.retry_after_ms)?;
        }
        if !self.owner_node.is_empty() {
            struct_ser.serialize_field("owner_node", &self.owner_node)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ErrorDetail {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "code",
            "name",
            "message",
            "field",
            "retryable",
            "retry_after_ms",
            "retryAfterMs",
            "owner_node",
            "ownerNode",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Code,
            Name,
            Message,
            Field,
            Retryable,
            RetryAfterMs,
            OwnerNode,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "code" => Ok(GeneratedField::Code),
                            "name" => Ok(GeneratedField::Name),
                            "message" => Ok(GeneratedField::Message),
                            "field" => Ok(GeneratedField::Field),
                            "retryable" => Ok(GeneratedField::Retryable),
                            "retryAfterMs" | "retry_after_ms" => Ok(GeneratedField::RetryAfterMs),
                            "ownerNode" | "owner_node" => Ok(GeneratedField::OwnerNode),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ErrorDetail;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.ErrorDetail")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ErrorDetail, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut code__ = None;
                let mut name__ = None;
                let mut message__ = None;
                let mut field__ = None;
                let mut retryable__ = None;
                let mut retry_after_ms__ = None;
                let mut owner_node__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Code => {
                            if code__.is_some() {
                                return Err(serde::de::Error::duplicate_field("code"));
                            }
                            code__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Message => {
                            if message__.is_some() {
                                return Err(serde::de::Error::duplicate_field("message"));
                            }
                            message__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Field => {
                            if field__.is_some() {
                                return Err(serde::de::Error::duplicate_field("field"));
                            }
                            field__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Retryable => {
                            if retryable__.is_some() {
                                return Err(serde::de::Error::duplicate_field("retryable"));
                            }
                            retryable__ = Some(map_.next_value()?);
                        }
                        GeneratedField::RetryAfterMs => {
                            if retry_after_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("retryAfterMs"));
                            }
                            retry_after_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::OwnerNode => {
                            if owner_node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ownerNode"));
                            }
                            owner_node__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(ErrorDetail {
                    code: code__.unwrap_or_default(),
                    name: name__.unwrap_or_default(),
                    message: message__.unwrap_or_default(),
                    field: field__.unwrap_or_default(),
                    retryable: retryable__.unwrap_or_default(),
                    retry_after_ms: retry_after_ms__.unwrap_or_default(),
                    owner_node: owner_node__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.ErrorDetail", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Event {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if self.ev_seq != 0 {
            len += 1;
        }
        if self.ts.is_some() {
            len += 1;
        }
        if !self.node.is_empty() {
            len += 1;
        }
        if !self.tenant.is_empty() {
            len += 1;
        }
        if !self.trace.is_empty() {
            len += 1;
        }
        if self.body.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.Event", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if self.ev_seq != 0 {
            struct_ser.serialize_field("ev_seq", &self.ev_seq)?;
        }
        if let Some(v) = self.ts.as_ref() {
            struct_ser.serialize_field("ts", v)?;
        }
        if !self.node.is_empty() {
            struct_ser.serialize_field("node", &self.node)?;
        }
        if !self.tenant.is_empty() {
            struct_ser.serialize_field("tenant", &self.tenant)?;
        }
        if !self.trace.is_empty() {
            struct_ser.serialize_field("trace", &self.trace)?;
        }
        if let Some(v) = self.body.as_ref() {
            match v {
                event::Body::CallCreated(v) => {
                    struct_ser.serialize_field("call_created", v)?;
                }
                event::Body::CallRouting(v) => {
                    struct_ser.serialize_field("call_routing", v)?;
                }
                event::Body::CallRinging(v) => {
                    struct_ser.serialize_field("call_ringing", v)?;
                }
                event::Body::CallEarlyMedia(v) => {
                    struct_ser.serialize_field("call_early_media", v)?;
                }
                event::Body::CallAnswered(v) => {
                    struct_ser.serialize_field("call_answered", v)?;
                }
                event::Body::CallEnded(v) => {
                    struct_ser.serialize_field("call_ended", v)?;
                }
                event::Body::CallHold(v) => {
                    struct_ser.serialize_field("call_hold", v)?;
                }
                event::Body::CallUnhold(v) => {
                    struct_ser.serialize_field("call_unhold", v)?;
                }
                event::Body::CallBridged(v) => {
                    struct_ser.serialize_field("call_bridged", v)?;
                }
                event::Body::CallUnbridged(v) => {
                    struct_ser.serialize_field("call_unbridged", v)?;
                }
                event::Body::DtmfDigit(v) => {
                    struct_ser.serialize_field("dtmf_digit", v)?;
                }
                event::Body::DtmfCollected(v) => {
                    struct_ser.serialize_field("dtmf_collected", v)?;
                }
                event::Body::StreamConnecting(v) => {
                    struct_ser.serialize_field("stream_connecting", v)?;
                }
                event::Body::StreamStarted(v) => {
                    struct_ser.serialize_field("stream_started", v)?;
                }
                event::Body::StreamCleared(v) => {
                    struct_ser.serialize_field("stream_cleared", v)?;
                }
                event::Body::StreamMark(v) => {
                    struct_ser.serialize_field("stream_mark", v)?;
                }
                event::Body::StreamFlow(v) => {
                    struct_ser.serialize_field("stream_flow", v)?;
                }
                event::Body::StreamStopped(v) => {
                    struct_ser.serialize_field("stream_stopped", v)?;
                }
                event::Body::StreamFailed(v) => {
                    struct_ser.serialize_field("stream_failed", v)?;
                }
                event::Body::StreamReconnecting(v) => {
                    struct_ser.serialize_field("stream_reconnecting", v)?;
                }
                event::Body::StreamFallback(v) => {
                    struct_ser.serialize_field("stream_fallback", v)?;
                }
                event::Body::QosSample(v) => {
                    struct_ser.serialize_field("qos_sample", v)?;
                }
                event::Body::PlaybackStarted(v) => {
                    struct_ser.serialize_field("playback_started", v)?;
                }
                event::Body::PlaybackFinished(v) => {
                    struct_ser.serialize_field("playback_finished", v)?;
                }
                event::Body::TrunkUp(v) => {
                    struct_ser.serialize_field("trunk_up", v)?;
                }
                event::Body::TrunkDown(v) => {
                    struct_ser.serialize_field("trunk_down", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Event {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "ev_seq",
            "evSeq",
            "ts",
            "node",
            "tenant",
            "trace",
            "call_created",
            "callCreated",
            "call_routing",
            "callRouting",
            "call_ringing",
            "callRinging",
            "call_early_media",
            "callEarlyMedia",
            "call_answered",
            "callAnswered",
            "call_ended",
            "callEnded",
            "call_hold",
            "callHold",
            "call_unhold",
            "callUnhold",
            "call_bridged",
            "callBridged",
            "call_unbridged",
            "callUnbridged",
            "dtmf_digit",
            "dtmfDigit",
            "dtmf_collected",
            "dtmfCollected",
            "stream_connecting",
            "streamConnecting",
            "stream_started",
            "streamStarted",
            "stream_cleared",
            "streamCleared",
            "stream_mark",
            "streamMark",
            "stream_flow",
            "streamFlow",
            "stream_stopped",
            "streamStopped",
            "stream_failed",
            "streamFailed",
            "stream_reconnecting",
            "streamReconnecting",
            "stream_fallback",
            "streamFallback",
            "qos_sample",
            "qosSample",
            "playback_started",
            "playbackStarted",
            "playback_finished",
            "playbackFinished",
            "trunk_up",
            "trunkUp",
            "trunk_down",
            "trunkDown",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            EvSeq,
            Ts,
            Node,
            Tenant,
            Trace,
            CallCreated,
            CallRouting,
            CallRinging,
            CallEarlyMedia,
            CallAnswered,
            CallEnded,
            CallHold,
            CallUnhold,
            CallBridged,
            CallUnbridged,
            DtmfDigit,
            DtmfCollected,
            StreamConnecting,
            StreamStarted,
            StreamCleared,
            StreamMark,
            StreamFlow,
            StreamStopped,
            StreamFailed,
            StreamReconnecting,
            StreamFallback,
            QosSample,
            PlaybackStarted,
            PlaybackFinished,
            TrunkUp,
            TrunkDown,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "evSeq" | "ev_seq" => Ok(GeneratedField::EvSeq),
                            "ts" => Ok(GeneratedField::Ts),
                            "node" => Ok(GeneratedField::Node),
                            "tenant" => Ok(GeneratedField::Tenant),
                            "trace" => Ok(GeneratedField::Trace),
                            "callCreated" | "call_created" => Ok(GeneratedField::CallCreated),
                            "callRouting" | "call_routing" => Ok(GeneratedField::CallRouting),
                            "callRinging" | "call_ringing" => Ok(GeneratedField::CallRinging),
                            "callEarlyMedia" | "call_early_media" => Ok(GeneratedField::CallEarlyMedia),
                            "callAnswered" | "call_answered" => Ok(GeneratedField::CallAnswered),
                            "callEnded" | "call_ended" => Ok(GeneratedField::CallEnded),
                            "callHold" | "call_hold" => Ok(GeneratedField::CallHold),
                            "callUnhold" | "call_unhold" => Ok(GeneratedField::CallUnhold),
                            "callBridged" | "call_bridged" => Ok(GeneratedField::CallBridged),
                            "callUnbridged" | "call_unbridged" => Ok(GeneratedField::CallUnbridged),
                            "dtmfDigit" | "dtmf_digit" => Ok(GeneratedField::DtmfDigit),
                            "dtmfCollected" | "dtmf_collected" => Ok(GeneratedField::DtmfCollected),
                            "streamConnecting" | "stream_connecting" => Ok(GeneratedField::StreamConnecting),
                            "streamStarted" | "stream_started" => Ok(GeneratedField::StreamStarted),
                            "streamCleared" | "stream_cleared" => Ok(GeneratedField::StreamCleared),
                            "streamMark" | "stream_mark" => Ok(GeneratedField::StreamMark),
                            "streamFlow" | "stream_flow" => Ok(GeneratedField::StreamFlow),
                            "streamStopped" | "stream_stopped" => Ok(GeneratedField::StreamStopped),
                            "streamFailed" | "stream_failed" => Ok(GeneratedField::StreamFailed),
                            "streamReconnecting" | "stream_reconnecting" => Ok(GeneratedField::StreamReconnecting),
                            "streamFallback" | "stream_fallback" => Ok(GeneratedField::StreamFallback),
                            "qosSample" | "qos_sample" => Ok(GeneratedField::QosSample),
                            "playbackStarted" | "playback_started" => Ok(GeneratedField::PlaybackStarted),
                            "playbackFinished" | "playback_finished" => Ok(GeneratedField::PlaybackFinished),
                            "trunkUp" | "trunk_up" => Ok(GeneratedField::TrunkUp),
                            "trunkDown" | "trunk_down" => Ok(GeneratedField::TrunkDown),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Event;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.Event")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Event, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut ev_seq__ = None;
                let mut ts__ = None;
                let mut node__ = None;
                let mut tenant__ = None;
                let mut trace__ = None;
                let mut body__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::EvSeq => {
                            if ev_seq__.is_some() {
                                return Err(serde::de::Error::duplicate_field("evSeq"));
                            }
                            ev_seq__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Ts => {
                            if ts__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ts"));
                            }
                            ts__ = map_.next_value()?;
                        }
                        GeneratedField::Node => {
                            if node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("node"));
                            }
                            node__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Tenant => {
                            if tenant__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tenant"));
                            }
                            tenant__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Trace => {
                            if trace__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trace"));
                            }
                            trace__ = Some(map_.next_value()?);
                        }
                        GeneratedField::CallCreated => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callCreated"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::CallCreated)
;
                        }
                        GeneratedField::CallRouting => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callRouting"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::CallRouting)
;
                        }
                        GeneratedField::CallRinging => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callRinging"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::CallRinging)
;
                        }
                        GeneratedField::CallEarlyMedia => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callEarlyMedia"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::CallEarlyMedia)
;
                        }
                        GeneratedField::CallAnswered => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callAnswered"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::CallAnswered)
;
                        }
                        GeneratedField::CallEnded => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callEnded"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::CallEnded)
;
                        }
                        GeneratedField::CallHold => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callHold"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::CallHold)
;
                        }
                        GeneratedField::CallUnhold => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callUnhold"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::CallUnhold)
;
                        }
                        GeneratedField::CallBridged => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callBridged"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::CallBridged)
;
                        }
                        GeneratedField::CallUnbridged => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callUnbridged"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::CallUnbridged)
;
                        }
                        GeneratedField::DtmfDigit => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("dtmfDigit"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::DtmfDigit)
;
                        }
                        GeneratedField::DtmfCollected => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("dtmfCollected"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::DtmfCollected)
;
                        }
                        GeneratedField::StreamConnecting => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamConnecting"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::StreamConnecting)
;
                        }
                        GeneratedField::StreamStarted => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamStarted"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::StreamStarted)
;
                        }
                        GeneratedField::StreamCleared => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamCleared"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::StreamCleared)
;
                        }
                        GeneratedField::StreamMark => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamMark"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::StreamMark)
;
                        }
                        GeneratedField::StreamFlow => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamFlow"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::StreamFlow)
;
                        }
                        GeneratedField::StreamStopped => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamStopped"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::StreamStopped)
;
                        }
                        GeneratedField::StreamFailed => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamFailed"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::StreamFailed)
;
                        }
                        GeneratedField::StreamReconnecting => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamReconnecting"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::StreamReconnecting)
;
                        }
                        GeneratedField::StreamFallback => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamFallback"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::StreamFallback)
;
                        }
                        GeneratedField::QosSample => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("qosSample"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::QosSample)
;
                        }
                        GeneratedField::PlaybackStarted => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playbackStarted"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::PlaybackStarted)
;
                        }
                        GeneratedField::PlaybackFinished => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playbackFinished"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::PlaybackFinished)
;
                        }
                        GeneratedField::TrunkUp => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunkUp"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::TrunkUp)
;
                        }
                        GeneratedField::TrunkDown => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunkDown"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(event::Body::TrunkDown)
;
                        }
                    }
                }
                Ok(Event {
                    call_id: call_id__.unwrap_or_default(),
                    ev_seq: ev_seq__.unwrap_or_default(),
                    ts: ts__,
                    node: node__.unwrap_or_default(),
                    tenant: tenant__.unwrap_or_default(),
                    trace: trace__.unwrap_or_default(),
                    body: body__,
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.Event", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for HangupReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if self.state != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.HangupReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if self.state != 0 {
            let v = call::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for HangupReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "state",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            State,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "state" => Ok(GeneratedField::State),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = HangupReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.HangupReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<HangupReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut state__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<call::State>()? as i32);
                        }
                    }
                }
                Ok(HangupReply {
                    call_id: call_id__.unwrap_or_default(),
                    state: state__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.HangupReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for HangupRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if self.cause != 0 {
            len += 1;
        }
        if self.after != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.HangupRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if self.cause != 0 {
            let v = cause::Class::try_from(self.cause)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.cause)))?;
            struct_ser.serialize_field("cause", &v)?;
        }
        if self.after != 0 {
            let v = hangup_request::After::try_from(self.after)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.after)))?;
            struct_ser.serialize_field("after", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for HangupRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "cause",
            "after",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Cause,
            After,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "cause" => Ok(GeneratedField::Cause),
                            "after" => Ok(GeneratedField::After),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = HangupRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.HangupRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<HangupRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut cause__ = None;
                let mut after__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Cause => {
                            if cause__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cause"));
                            }
                            cause__ = Some(map_.next_value::<cause::Class>()? as i32);
                        }
                        GeneratedField::After => {
                            if after__.is_some() {
                                return Err(serde::de::Error::duplicate_field("after"));
                            }
                            after__ = Some(map_.next_value::<hangup_request::After>()? as i32);
                        }
                    }
                }
                Ok(HangupRequest {
                    call_id: call_id__.unwrap_or_default(),
                    cause: cause__.unwrap_or_default(),
                    after: after__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.HangupRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for hangup_request::After {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "AFTER_UNSPECIFIED",
            Self::Now => "now",
            Self::Drained => "drained",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for hangup_request::After {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "AFTER_UNSPECIFIED",
            "now",
            "drained",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = hangup_request::After;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "AFTER_UNSPECIFIED" => Ok(hangup_request::After::Unspecified),
                    "now" => Ok(hangup_request::After::Now),
                    "drained" => Ok(hangup_request::After::Drained),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for HoldReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.HoldReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for HoldReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = HoldReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.HoldReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<HoldReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(HoldReply {
                    call_id: call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.HoldReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for HoldRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.leg.is_empty() {
            len += 1;
        }
        if !self.url.is_empty() {
            len += 1;
        }
        if !self.file.is_empty() {
            len += 1;
        }
        if !self.tone.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.HoldRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.leg.is_empty() {
            struct_ser.serialize_field("leg", &self.leg)?;
        }
        if !self.url.is_empty() {
            struct_ser.serialize_field("url", &self.url)?;
        }
        if !self.file.is_empty() {
            struct_ser.serialize_field("file", &self.file)?;
        }
        if !self.tone.is_empty() {
            struct_ser.serialize_field("tone", &self.tone)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for HoldRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "leg",
            "url",
            "file",
            "tone",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Leg,
            Url,
            File,
            Tone,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "leg" => Ok(GeneratedField::Leg),
                            "url" => Ok(GeneratedField::Url),
                            "file" => Ok(GeneratedField::File),
                            "tone" => Ok(GeneratedField::Tone),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = HoldRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.HoldRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<HoldRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut leg__ = None;
                let mut url__ = None;
                let mut file__ = None;
                let mut tone__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Leg => {
                            if leg__.is_some() {
                                return Err(serde::de::Error::duplicate_field("leg"));
                            }
                            leg__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Url => {
                            if url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("url"));
                            }
                            url__ = Some(map_.next_value()?);
                        }
                        GeneratedField::File => {
                            if file__.is_some() {
                                return Err(serde::de::Error::duplicate_field("file"));
                            }
                            file__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Tone => {
                            if tone__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tone"));
                            }
                            tone__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(HoldRequest {
                    call_id: call_id__.unwrap_or_default(),
                    leg: leg__.unwrap_or_default(),
                    url: url__.unwrap_or_default(),
                    file: file__.unwrap_or_default(),
                    tone: tone__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.HoldRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for MediaStats {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.rtp_received != 0 {
            len += 1;
        }
        if self.rtp_sent != 0 {
            len += 1;
        }
        if self.rtp_lost != 0 {
            len += 1;
        }
        if self.rtp_late != 0 {
            len += 1;
        }
        if self.rtp_duplicate != 0 {
            len += 1;
        }
        if self.rtp_reordered != 0 {
            len += 1;
        }
        if self.jitter_us != 0 {
            len += 1;
        }
        if self.bot_frames_sent != 0 {
            len += 1;
        }
        if self.bot_frames_received != 0 {
            len += 1;
        }
        if self.bot_lost_ms != 0 {
            len += 1;
        }
        if self.codec != 0 {
            len += 1;
        }
        if self.mos != 0. {
            len += 1;
        }
        if self.rtt_ms != 0. {
            len += 1;
        }
        if self.remote_lost != 0 {
            len += 1;
        }
        if self.srtp_refused != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.MediaStats", len)?;
        if self.rtp_received != 0 {
            struct_ser.serialize_field("rtp_received", &self.rtp_received)?;
        }
        if self.rtp_sent != 0 {
            struct_ser.serialize_field("rtp_sent", &self.rtp_sent)?;
        }
        if self.rtp_lost != 0 {
            struct_ser.serialize_field("rtp_lost", &self.rtp_lost)?;
        }
        if self.rtp_late != 0 {
            struct_ser.serialize_field("rtp_late", &self.rtp_late)?;
        }
        if self.rtp_duplicate != 0 {
            struct_ser.serialize_field("rtp_duplicate", &self.rtp_duplicate)?;
        }
        if self.rtp_reordered != 0 {
            struct_ser.serialize_field("rtp_reordered", &self.rtp_reordered)?;
        }
        if self.jitter_us != 0 {
            struct_ser.serialize_field("jitter_us", &self.jitter_us)?;
        }
        if self.bot_frames_sent != 0 {
            struct_ser.serialize_field("bot_frames_sent", &self.bot_frames_sent)?;
        }
        if self.bot_frames_received != 0 {
            struct_ser.serialize_field("bot_frames_received", &self.bot_frames_received)?;
        }
        if self.bot_lost_ms != 0 {
            struct_ser.serialize_field("bot_lost_ms", &self.bot_lost_ms)?;
        }
        if self.codec != 0 {
            let v = trunk::Codec::try_from(self.codec)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.codec)))?;
            struct_ser.serialize_field("codec", &v)?;
        }
        if self.mos != 0. {
            struct_ser.serialize_field("mos", &self.mos)?;
        }
        if self.rtt_ms != 0. {
            struct_ser.serialize_field("rtt_ms", &self.rtt_ms)?;
        }
        if self.remote_lost != 0 {
            struct_ser.serialize_field("remote_lost", &self.remote_lost)?;
        }
        if self.srtp_refused != 0 {
            struct_ser.serialize_field("srtp_refused", &self.srtp_refused)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for MediaStats {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "rtp_received",
            "rtpReceived",
            "rtp_sent",
            "rtpSent",
            "rtp_lost",
            "rtpLost",
            "rtp_late",
            "rtpLate",
            "rtp_duplicate",
            "rtpDuplicate",
            "rtp_reordered",
            "rtpReordered",
            "jitter_us",
            "jitterUs",
            "bot_frames_sent",
            "botFramesSent",
            "bot_frames_received",
            "botFramesReceived",
            "bot_lost_ms",
            "botLostMs",
            "codec",
            "mos",
            "rtt_ms",
            "rttMs",
            "remote_lost",
            "remoteLost",
            "srtp_refused",
            "srtpRefused",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            RtpReceived,
            RtpSent,
            RtpLost,
            RtpLate,
            RtpDuplicate,
            RtpReordered,
            JitterUs,
            BotFramesSent,
            BotFramesReceived,
            BotLostMs,
            Codec,
            Mos,
            RttMs,
            RemoteLost,
            SrtpRefused,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "rtpReceived" | "rtp_received" => Ok(GeneratedField::RtpReceived),
                            "rtpSent" | "rtp_sent" => Ok(GeneratedField::RtpSent),
                            "rtpLost" | "rtp_lost" => Ok(GeneratedField::RtpLost),
                            "rtpLate" | "rtp_late" => Ok(GeneratedField::RtpLate),
                            "rtpDuplicate" | "rtp_duplicate" => Ok(GeneratedField::RtpDuplicate),
                            "rtpReordered" | "rtp_reordered" => Ok(GeneratedField::RtpReordered),
                            "jitterUs" | "jitter_us" => Ok(GeneratedField::JitterUs),
                            "botFramesSent" | "bot_frames_sent" => Ok(GeneratedField::BotFramesSent),
                            "botFramesReceived" | "bot_frames_received" => Ok(GeneratedField::BotFramesReceived),
                            "botLostMs" | "bot_lost_ms" => Ok(GeneratedField::BotLostMs),
                            "codec" => Ok(GeneratedField::Codec),
                            "mos" => Ok(GeneratedField::Mos),
                            "rttMs" | "rtt_ms" => Ok(GeneratedField::RttMs),
                            "remoteLost" | "remote_lost" => Ok(GeneratedField::RemoteLost),
                            "srtpRefused" | "srtp_refused" => Ok(GeneratedField::SrtpRefused),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = MediaStats;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.MediaStats")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<MediaStats, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut rtp_received__ = None;
                let mut rtp_sent__ = None;
                let mut rtp_lost__ = None;
                let mut rtp_late__ = None;
                let mut rtp_duplicate__ = None;
                let mut rtp_reordered__ = None;
                let mut jitter_us__ = None;
                let mut bot_frames_sent__ = None;
                let mut bot_frames_received__ = None;
                let mut bot_lost_ms__ = None;
                let mut codec__ = None;
                let mut mos__ = None;
                let mut rtt_ms__ = None;
                let mut remote_lost__ = None;
                let mut srtp_refused__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::RtpReceived => {
                            if rtp_received__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rtpReceived"));
                            }
                            rtp_received__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RtpSent => {
                            if rtp_sent__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rtpSent"));
                            }
                            rtp_sent__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RtpLost => {
                            if rtp_lost__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rtpLost"));
                            }
                            rtp_lost__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RtpLate => {
                            if rtp_late__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rtpLate"));
                            }
                            rtp_late__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RtpDuplicate => {
                            if rtp_duplicate__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rtpDuplicate"));
                            }
                            rtp_duplicate__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RtpReordered => {
                            if rtp_reordered__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rtpReordered"));
                            }
                            rtp_reordered__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::JitterUs => {
                            if jitter_us__.is_some() {
                                return Err(serde::de::Error::duplicate_field("jitterUs"));
                            }
                            jitter_us__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::BotFramesSent => {
                            if bot_frames_sent__.is_some() {
                                return Err(serde::de::Error::duplicate_field("botFramesSent"));
                            }
                            bot_frames_sent__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::BotFramesReceived => {
                            if bot_frames_received__.is_some() {
                                return Err(serde::de::Error::duplicate_field("botFramesReceived"));
                            }
                            bot_frames_received__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::BotLostMs => {
                            if bot_lost_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("botLostMs"));
                            }
                            bot_lost_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Codec => {
                            if codec__.is_some() {
                                return Err(serde::de::Error::duplicate_field("codec"));
                            }
                            codec__ = Some(map_.next_value::<trunk::Codec>()? as i32);
                        }
                        GeneratedField::Mos => {
                            if mos__.is_some() {
                                return Err(serde::de::Error::duplicate_field("mos"));
                            }
                            mos__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RttMs => {
                            if rtt_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rttMs"));
                            }
                            rtt_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RemoteLost => {
                            if remote_lost__.is_some() {
                                return Err(serde::de::Error::duplicate_field("remoteLost"));
                            }
                            remote_lost__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::SrtpRefused => {
                            if srtp_refused__.is_some() {
                                return Err(serde::de::Error::duplicate_field("srtpRefused"));
                            }
                            srtp_refused__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(MediaStats {
                    rtp_received: rtp_received__.unwrap_or_default(),
                    rtp_sent: rtp_sent__.unwrap_or_default(),
                    rtp_lost: rtp_lost__.unwrap_or_default(),
                    rtp_late: rtp_late__.unwrap_or_default(),
                    rtp_duplicate: rtp_duplicate__.unwrap_or_default(),
                    rtp_reordered: rtp_reordered__.unwrap_or_default(),
                    jitter_us: jitter_us__.unwrap_or_default(),
                    bot_frames_sent: bot_frames_sent__.unwrap_or_default(),
                    bot_frames_received: bot_frames_received__.unwrap_or_default(),
                    bot_lost_ms: bot_lost_ms__.unwrap_or_default(),
                    codec: codec__.unwrap_or_default(),
                    mos: mos__.unwrap_or_default(),
                    rtt_ms: rtt_ms__.unwrap_or_default(),
                    remote_lost: remote_lost__.unwrap_or_default(),
                    srtp_refused: srtp_refused__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.MediaStats", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for MuteReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if self.inbound_muted {
            len += 1;
        }
        if self.outbound_muted {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.MuteReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if self.inbound_muted {
            struct_ser.serialize_field("inbound_muted", &self.inbound_muted)?;
        }
        if self.outbound_muted {
            struct_ser.serialize_field("outbound_muted", &self.outbound_muted)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for MuteReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "inbound_muted",
            "inboundMuted",
            "outbound_muted",
            "outboundMuted",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            InboundMuted,
            OutboundMuted,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "inboundMuted" | "inbound_muted" => Ok(GeneratedField::InboundMuted),
                            "outboundMuted" | "outbound_muted" => Ok(GeneratedField::OutboundMuted),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = MuteReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.MuteReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<MuteReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut inbound_muted__ = None;
                let mut outbound_muted__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::InboundMuted => {
                            if inbound_muted__.is_some() {
                                return Err(serde::de::Error::duplicate_field("inboundMuted"));
                            }
                            inbound_muted__ = Some(map_.next_value()?);
                        }
                        GeneratedField::OutboundMuted => {
                            if outbound_muted__.is_some() {
                                return Err(serde::de::Error::duplicate_field("outboundMuted"));
                            }
                            outbound_muted__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(MuteReply {
                    call_id: call_id__.unwrap_or_default(),
                    inbound_muted: inbound_muted__.unwrap_or_default(),
                    outbound_muted: outbound_muted__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.MuteReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for MuteRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if self.direction != 0 {
            len += 1;
        }
        if !self.leg.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.MuteRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if self.direction != 0 {
            let v = AudioDirection::try_from(self.direction)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.direction)))?;
            struct_ser.serialize_field("direction", &v)?;
        }
        if !self.leg.is_empty() {
            struct_ser.serialize_field("leg", &self.leg)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for MuteRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "direction",
            "leg",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Direction,
            Leg,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "direction" => Ok(GeneratedField::Direction),
                            "leg" => Ok(GeneratedField::Leg),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = MuteRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.MuteRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<MuteRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut direction__ = None;
                let mut leg__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Direction => {
                            if direction__.is_some() {
                                return Err(serde::de::Error::duplicate_field("direction"));
                            }
                            direction__ = Some(map_.next_value::<AudioDirection>()? as i32);
                        }
                        GeneratedField::Leg => {
                            if leg__.is_some() {
                                return Err(serde::de::Error::duplicate_field("leg"));
                            }
                            leg__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(MuteRequest {
                    call_id: call_id__.unwrap_or_default(),
                    direction: direction__.unwrap_or_default(),
                    leg: leg__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.MuteRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Node {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.node.is_empty() {
            len += 1;
        }
        if !self.service.is_empty() {
            len += 1;
        }
        if !self.instance_id.is_empty() {
            len += 1;
        }
        if !self.zone.is_empty() {
            len += 1;
        }
        if !self.version.is_empty() {
            len += 1;
        }
        if self.state != 0 {
            len += 1;
        }
        if !self.admin_addr.is_empty() {
            len += 1;
        }
        if self.started_at.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.Node", len)?;
        if !self.node.is_empty() {
            struct_ser.serialize_field("node", &self.node)?;
        }
        if !self.service.is_empty() {
            struct_ser.serialize_field("service", &self.service)?;
        }
        if !self.instance_id.is_empty() {
            struct_ser.serialize_field("instance_id", &self.instance_id)?;
        }
        if !self.zone.is_empty() {
            struct_ser.serialize_field("zone", &self.zone)?;
        }
        if !self.version.is_empty() {
            struct_ser.serialize_field("version", &self.version)?;
        }
        if self.state != 0 {
            let v = node::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        if !self.admin_addr.is_empty() {
            struct_ser.serialize_field("admin_addr", &self.admin_addr)?;
        }
        if let Some(v) = self.started_at.as_ref() {
            struct_ser.serialize_field("started_at", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Node {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "node",
            "service",
            "instance_id",
            "instanceId",
            "zone",
            "version",
            "state",
            "admin_addr",
            "adminAddr",
            "started_at",
            "startedAt",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Node,
            Service,
            InstanceId,
            Zone,
            Version,
            State,
            AdminAddr,
            StartedAt,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "node" => Ok(GeneratedField::Node),
                            "service" => Ok(GeneratedField::Service),
                            "instanceId" | "instance_id" => Ok(GeneratedField::InstanceId),
                            "zone" => Ok(GeneratedField::Zone),
                            "version" => Ok(GeneratedField::Version),
                            "state" => Ok(GeneratedField::State),
                            "adminAddr" | "admin_addr" => Ok(GeneratedField::AdminAddr),
                            "startedAt" | "started_at" => Ok(GeneratedField::StartedAt),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Node;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.Node")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Node, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut node__ = None;
                let mut service__ = None;
                let mut instance_id__ = None;
                let mut zone__ = None;
                let mut version__ = None;
                let mut state__ = None;
                let mut admin_addr__ = None;
                let mut started_at__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Node => {
                            if node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("node"));
                            }
                            node__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Service => {
                            if service__.is_some() {
                                return Err(serde::de::Error::duplicate_field("service"));
                            }
                            service__ = Some(map_.next_value()?);
                        }
                        GeneratedField::InstanceId => {
                            if instance_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("instanceId"));
                            }
                            instance_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Zone => {
                            if zone__.is_some() {
                                return Err(serde::de::Error::duplicate_field("zone"));
                            }
                            zone__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Version => {
                            if version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("version"));
                            }
                            version__ = Some(map_.next_value()?);
                        }
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<node::State>()? as i32);
                        }
                        GeneratedField::AdminAddr => {
                            if admin_addr__.is_some() {
                                return Err(serde::de::Error::duplicate_field("adminAddr"));
                            }
                            admin_addr__ = Some(map_.next_value()?);
                        }
                        GeneratedField::StartedAt => {
                            if started_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("startedAt"));
                            }
                            started_at__ = map_.next_value()?;
                        }
                    }
                }
                Ok(Node {
                    node: node__.unwrap_or_default(),
                    service: service__.unwrap_or_default(),
                    instance_id: instance_id__.unwrap_or_default(),
                    zone: zone__.unwrap_or_default(),
                    version: version__.unwrap_or_default(),
                    state: state__.unwrap_or_default(),
                    admin_addr: admin_addr__.unwrap_or_default(),
                    started_at: started_at__,
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.Node", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for node::State {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for node::State {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "STATE_UNSPECIFIED",
            "starting",
            "ready",
            "draining",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = node::State;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "STATE_UNSPECIFIED" => Ok(node::State::Unspecified),
                    "starting" => Ok(node::State::Starting),
                    "ready" => Ok(node::State::Ready),
                    "draining" => Ok(node::State::Draining),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for NodeDrainRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.node.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.NodeDrainRequest", len)?;
        if !self.node.is_empty() {
            struct_ser.serialize_field("node", &self.node)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NodeDrainRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "node",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Node,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "node" => Ok(GeneratedField::Node),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NodeDrainRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.NodeDrainRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NodeDrainRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut node__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Node => {
                            if node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("node"));
                            }
                            node__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(NodeDrainRequest {
                    node: node__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.NodeDrainRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for NodeGetRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.node.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.NodeGetRequest", len)?;
        if !self.node.is_empty() {
            struct_ser.serialize_field("node", &self.node)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NodeGetRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "node",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Node,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "node" => Ok(GeneratedField::Node),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NodeGetRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.NodeGetRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NodeGetRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut node__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Node => {
                            if node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("node"));
                            }
                            node__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(NodeGetRequest {
                    node: node__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.NodeGetRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for NodeListReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.nodes.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.NodeListReply", len)?;
        if !self.nodes.is_empty() {
            struct_ser.serialize_field("nodes", &self.nodes)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NodeListReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "nodes",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Nodes,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "nodes" => Ok(GeneratedField::Nodes),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NodeListReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.NodeListReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NodeListReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut nodes__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Nodes => {
                            if nodes__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nodes"));
                            }
                            nodes__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(NodeListReply {
                    nodes: nodes__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.NodeListReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for NodeListRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.service.is_empty() {
            len += 1;
        }
        if self.state != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.NodeListRequest", len)?;
        if !self.service.is_empty() {
            struct_ser.serialize_field("service", &self.service)?;
        }
        if self.state != 0 {
            let v = node::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NodeListRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "service",
            "state",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Service,
            State,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "service" => Ok(GeneratedField::Service),
                            "state" => Ok(GeneratedField::State),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NodeListRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.NodeListRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NodeListRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut service__ = None;
                let mut state__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Service => {
                            if service__.is_some() {
                                return Err(serde::de::Error::duplicate_field("service"));
                            }
                            service__ = Some(map_.next_value()?);
                        }
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<node::State>()? as i32);
                        }
                    }
                }
                Ok(NodeListRequest {
                    service: service__.unwrap_or_default(),
                    state: state__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.NodeListRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for NodeUndrainRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.node.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.NodeUndrainRequest", len)?;
        if !self.node.is_empty() {
            struct_ser.serialize_field("node", &self.node)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NodeUndrainRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "node",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Node,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "node" => Ok(GeneratedField::Node),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NodeUndrainRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.NodeUndrainRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NodeUndrainRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut node__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Node => {
                            if node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("node"));
                            }
                            node__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(NodeUndrainRequest {
                    node: node__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.NodeUndrainRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Number {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.number.is_empty() {
            len += 1;
        }
        if !self.tenant.is_empty() {
            len += 1;
        }
        if !self.trunk.is_empty() {
            len += 1;
        }
        if !self.route.is_empty() {
            len += 1;
        }
        if self.revision != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.Number", len)?;
        if !self.number.is_empty() {
            struct_ser.serialize_field("number", &self.number)?;
        }
        if !self.tenant.is_empty() {
            struct_ser.serialize_field("tenant", &self.tenant)?;
        }
        if !self.trunk.is_empty() {
            struct_ser.serialize_field("trunk", &self.trunk)?;
        }
        if !self.route.is_empty() {
            struct_ser.serialize_field("route", &self.route)?;
        }
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Number {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "number",
            "tenant",
            "trunk",
            "route",
            "revision",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Number,
            Tenant,
            Trunk,
            Route,
            Revision,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "number" => Ok(GeneratedField::Number),
                            "tenant" => Ok(GeneratedField::Tenant),
                            "trunk" => Ok(GeneratedField::Trunk),
                            "route" => Ok(GeneratedField::Route),
                            "revision" => Ok(GeneratedField::Revision),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Number;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.Number")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Number, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut number__ = None;
                let mut tenant__ = None;
                let mut trunk__ = None;
                let mut route__ = None;
                let mut revision__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Number => {
                            if number__.is_some() {
                                return Err(serde::de::Error::duplicate_field("number"));
                            }
                            number__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Tenant => {
                            if tenant__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tenant"));
                            }
                            tenant__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Trunk => {
                            if trunk__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunk"));
                            }
                            trunk__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Route => {
                            if route__.is_some() {
                                return Err(serde::de::Error::duplicate_field("route"));
                            }
                            route__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Number {
                    number: number__.unwrap_or_default(),
                    tenant: tenant__.unwrap_or_default(),
                    trunk: trunk__.unwrap_or_default(),
                    route: route__.unwrap_or_default(),
                    revision: revision__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.Number", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for NumberDeleteReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("botstream.v1.NumberDeleteReply", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NumberDeleteReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NumberDeleteReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.NumberDeleteReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NumberDeleteReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(NumberDeleteReply {
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.NumberDeleteReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for NumberDeleteRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.number.is_empty() {
            len += 1;
        }
        if !self.trunk.is_empty() {
            len += 1;
        }
        if self.revision != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.NumberDeleteRequest", len)?;
        if !self.number.is_empty() {
            struct_ser.serialize_field("number", &self.number)?;
        }
        if !self.trunk.is_empty() {
            struct_ser.serialize_field("trunk", &self.trunk)?;
        }
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NumberDeleteRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "number",
            "trunk",
            "revision",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Number,
            Trunk,
            Revision,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "number" => Ok(GeneratedField::Number),
                            "trunk" => Ok(GeneratedField::Trunk),
                            "revision" => Ok(GeneratedField::Revision),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NumberDeleteRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.NumberDeleteRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NumberDeleteRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut number__ = None;
                let mut trunk__ = None;
                let mut revision__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Number => {
                            if number__.is_some() {
                                return Err(serde::de::Error::duplicate_field("number"));
                            }
                            number__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Trunk => {
                            if trunk__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunk"));
                            }
                            trunk__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(NumberDeleteRequest {
                    number: number__.unwrap_or_default(),
                    trunk: trunk__.unwrap_or_default(),
                    revision: revision__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.NumberDeleteRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for NumberGetRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.number.is_empty() {
            len += 1;
        }
        if !self.trunk.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.NumberGetRequest", len)?;
        if !self.number.is_empty() {
            struct_ser.serialize_field("number", &self.number)?;
        }
        if !self.trunk.is_empty() {
            struct_ser.serialize_field("trunk", &self.trunk)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NumberGetRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "number",
            "trunk",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Number,
            Trunk,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "number" => Ok(GeneratedField::Number),
                            "trunk" => Ok(GeneratedField::Trunk),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NumberGetRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.NumberGetRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NumberGetRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut number__ = None;
                let mut trunk__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Number => {
                            if number__.is_some() {
                                return Err(serde::de::Error::duplicate_field("number"));
                            }
                            number__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Trunk => {
                            if trunk__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunk"));
                            }
                            trunk__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(NumberGetRequest {
                    number: number__.unwrap_or_default(),
                    trunk: trunk__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.NumberGetRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for NumberListReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.numbers.is_empty() {
            len += 1;
        }
        if !self.cursor.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.NumberListReply", len)?;
        if !self.numbers.is_empty() {
            struct_ser.serialize_field("numbers", &self.numbers)?;
        }
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NumberListReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "numbers",
            "cursor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Numbers,
            Cursor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "numbers" => Ok(GeneratedField::Numbers),
                            "cursor" => Ok(GeneratedField::Cursor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NumberListReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.NumberListReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NumberListReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut numbers__ = None;
                let mut cursor__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Numbers => {
                            if numbers__.is_some() {
                                return Err(serde::de::Error::duplicate_field("numbers"));
                            }
                            numbers__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(NumberListReply {
                    numbers: numbers__.unwrap_or_default(),
                    cursor: cursor__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.NumberListReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for NumberListRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.limit != 0 {
            len += 1;
        }
        if !self.cursor.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.NumberListRequest", len)?;
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NumberListRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "limit",
            "cursor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Limit,
            Cursor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "limit" => Ok(GeneratedField::Limit),
                            "cursor" => Ok(GeneratedField::Cursor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NumberListRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.NumberListRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NumberListRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut limit__ = None;
                let mut cursor__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(NumberListRequest {
                    limit: limit__.unwrap_or_default(),
                    cursor: cursor__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.NumberListRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for OriginateReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.node.is_empty() {
            len += 1;
        }
        if self.state != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.OriginateReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.node.is_empty() {
            struct_ser.serialize_field("node", &self.node)?;
        }
        if self.state != 0 {
            let v = call::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for OriginateReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "node",
            "state",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Node,
            State,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "node" => Ok(GeneratedField::Node),
                            "state" => Ok(GeneratedField::State),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = OriginateReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.OriginateReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<OriginateReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut node__ = None;
                let mut state__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Node => {
                            if node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("node"));
                            }
                            node__ = Some(map_.next_value()?);
                        }
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<call::State>()? as i32);
                        }
                    }
                }
                Ok(OriginateReply {
                    call_id: call_id__.unwrap_or_default(),
                    node: node__.unwrap_or_default(),
                    state: state__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.OriginateReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for OriginateRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.to.is_empty() {
            len += 1;
        }
        if !self.from.is_empty() {
            len += 1;
        }
        if !self.trunk.is_empty() {
            len += 1;
        }
        if self.bot.is_some() {
            len += 1;
        }
        if self.ring_timeout_ms != 0 {
            len += 1;
        }
        if self.max_duration_ms != 0 {
            len += 1;
        }
        if !self.headers.is_empty() {
            len += 1;
        }
        if !self.vars.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.OriginateRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.to.is_empty() {
            struct_ser.serialize_field("to", &self.to)?;
        }
        if !self.from.is_empty() {
            struct_ser.serialize_field("from", &self.from)?;
        }
        if !self.trunk.is_empty() {
            struct_ser.serialize_field("trunk", &self.trunk)?;
        }
        if let Some(v) = self.bot.as_ref() {
            struct_ser.serialize_field("bot", v)?;
        }
        if self.ring_timeout_ms != 0 {
            struct_ser.serialize_field("ring_timeout_ms", &self.ring_timeout_ms)?;
        }
        if self.max_duration_ms != 0 {
            struct_ser.serialize_field("max_duration_ms", &self.max_duration_ms)?;
        }
        if !self.headers.is_empty() {
            struct_ser.serialize_field("headers", &self.headers)?;
        }
        if !self.vars.is_empty() {
            struct_ser.serialize_field("vars", &self.vars)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for OriginateRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "to",
            "from",
            "trunk",
            "bot",
            "ring_timeout_ms",
            "ringTimeoutMs",
            "max_duration_ms",
            "maxDurationMs",
            "headers",
            "vars",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            To,
            From,
            Trunk,
            Bot,
            RingTimeoutMs,
            MaxDurationMs,
            Headers,
            Vars,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "to" => Ok(GeneratedField::To),
                            "from" => Ok(GeneratedField::From),
                            "trunk" => Ok(GeneratedField::Trunk),
                            "bot" => Ok(GeneratedField::Bot),
                            "ringTimeoutMs" | "ring_timeout_ms" => Ok(GeneratedField::RingTimeoutMs),
                            "maxDurationMs" | "max_duration_ms" => Ok(GeneratedField::MaxDurationMs),
                            "headers" => Ok(GeneratedField::Headers),
                            "vars" => Ok(GeneratedField::Vars),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = OriginateRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.OriginateRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<OriginateRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut to__ = None;
                let mut from__ = None;
                let mut trunk__ = None;
                let mut bot__ = None;
                let mut ring_timeout_ms__ = None;
                let mut max_duration_ms__ = None;
                let mut headers__ = None;
                let mut vars__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::To => {
                            if to__.is_some() {
                                return Err(serde::de::Error::duplicate_field("to"));
                            }
                            to__ = Some(map_.next_value()?);
                        }
                        GeneratedField::From => {
                            if from__.is_some() {
                                return Err(serde::de::Error::duplicate_field("from"));
                            }
                            from__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Trunk => {
                            if trunk__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunk"));
                            }
                            trunk__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Bot => {
                            if bot__.is_some() {
                                return Err(serde::de::Error::duplicate_field("bot"));
                            }
                            bot__ = map_.next_value()?;
                        }
                        GeneratedField::RingTimeoutMs => {
                            if ring_timeout_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ringTimeoutMs"));
                            }
                            ring_timeout_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::MaxDurationMs => {
                            if max_duration_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("maxDurationMs"));
                            }
                            max_duration_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Headers => {
                            if headers__.is_some() {
                                return Err(serde::de::Error::duplicate_field("headers"));
                            }
                            headers__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                        GeneratedField::Vars => {
                            if vars__.is_some() {
                                return Err(serde::de::Error::duplicate_field("vars"));
                            }
                            vars__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                    }
                }
                Ok(OriginateRequest {
                    call_id: call_id__.unwrap_or_default(),
                    to: to__.unwrap_or_default(),
                    from: from__.unwrap_or_default(),
                    trunk: trunk__.unwrap_or_default(),
                    bot: bot__,
                    ring_timeout_ms: ring_timeout_ms__.unwrap_or_default(),
                    max_duration_ms: max_duration_ms__.unwrap_or_default(),
                    headers: headers__.unwrap_or_default(),
                    vars: vars__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.OriginateRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for PlayReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.play_id.is_empty() {
            len += 1;
        }
        if self.duration_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.PlayReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.play_id.is_empty() {
            struct_ser.serialize_field("play_id", &self.play_id)?;
        }
        if self.duration_ms != 0 {
            struct_ser.serialize_field("duration_ms", &self.duration_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PlayReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "play_id",
            "playId",
            "duration_ms",
            "durationMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            PlayId,
            DurationMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "playId" | "play_id" => Ok(GeneratedField::PlayId),
                            "durationMs" | "duration_ms" => Ok(GeneratedField::DurationMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PlayReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.PlayReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PlayReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut play_id__ = None;
                let mut duration_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::PlayId => {
                            if play_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playId"));
                            }
                            play_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::DurationMs => {
                            if duration_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("durationMs"));
                            }
                            duration_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(PlayReply {
                    call_id: call_id__.unwrap_or_default(),
                    play_id: play_id__.unwrap_or_default(),
                    duration_ms: duration_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.PlayReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for PlayRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.url.is_empty() {
            len += 1;
        }
        if !self.file.is_empty() {
            len += 1;
        }
        if !self.tone.is_empty() {
            len += 1;
        }
        if self.r#loop {
            len += 1;
        }
        if !self.leg.is_empty() {
            len += 1;
        }
        if self.mix_db.is_some() {
            len += 1;
        }
        if self.interruptible {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.PlayRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.url.is_empty() {
            struct_ser.serialize_field("url", &self.url)?;
        }
        if !self.file.is_empty() {
            struct_ser.serialize_field("file", &self.file)?;
        }
        if !self.tone.is_empty() {
            struct_ser.serialize_field("tone", &self.tone)?;
        }
        if self.r#loop {
            struct_ser.serialize_field("loop", &self.r#loop)?;
        }
        if !self.leg.is_empty() {
            struct_ser.serialize_field("leg", &self.leg)?;
        }
        if let Some(v) = self.mix_db.as_ref() {
            struct_ser.serialize_field("mix_db", v)?;
        }
        if self.interruptible {
            struct_ser.serialize_field("interruptible", &self.interruptible)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PlayRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "url",
            "file",
            "tone",
            "loop",
            "leg",
            "mix_db",
            "mixDb",
            "interruptible",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Url,
            File,
            Tone,
            Loop,
            Leg,
            MixDb,
            Interruptible,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "url" => Ok(GeneratedField::Url),
                            "file" => Ok(GeneratedField::File),
                            "tone" => Ok(GeneratedField::Tone),
                            "loop" => Ok(GeneratedField::Loop),
                            "leg" => Ok(GeneratedField::Leg),
                            "mixDb" | "mix_db" => Ok(GeneratedField::MixDb),
                            "interruptible" => Ok(GeneratedField::Interruptible),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PlayRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.PlayRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PlayRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut url__ = None;
                let mut file__ = None;
                let mut tone__ = None;
                let mut r#loop__ = None;
                let mut leg__ = None;
                let mut mix_db__ = None;
                let mut interruptible__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Url => {
                            if url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("url"));
                            }
                            url__ = Some(map_.next_value()?);
                        }
                        GeneratedField::File => {
                            if file__.is_some() {
                                return Err(serde::de::Error::duplicate_field("file"));
                            }
                            file__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Tone => {
                            if tone__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tone"));
                            }
                            tone__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Loop => {
                            if r#loop__.is_some() {
                                return Err(serde::de::Error::duplicate_field("loop"));
                            }
                            r#loop__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Leg => {
                            if leg__.is_some() {
                                return Err(serde::de::Error::duplicate_field("leg"));
                            }
                            leg__ = Some(map_.next_value()?);
                        }
                        GeneratedField::MixDb => {
                            if mix_db__.is_some() {
                                return Err(serde::de::Error::duplicate_field("mixDb"));
                            }
                            mix_db__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::Interruptible => {
                            if interruptible__.is_some() {
                                return Err(serde::de::Error::duplicate_field("interruptible"));
                            }
                            interruptible__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(PlayRequest {
                    call_id: call_id__.unwrap_or_default(),
                    url: url__.unwrap_or_default(),
                    file: file__.unwrap_or_default(),
                    tone: tone__.unwrap_or_default(),
                    r#loop: r#loop__.unwrap_or_default(),
                    leg: leg__.unwrap_or_default(),
                    mix_db: mix_db__,
                    interruptible: interruptible__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.PlayRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for PlayStopReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.play_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.PlayStopReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.play_id.is_empty() {
            struct_ser.serialize_field("play_id", &self.play_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PlayStopReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "play_id",
            "playId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            PlayId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "playId" | "play_id" => Ok(GeneratedField::PlayId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PlayStopReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.PlayStopReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PlayStopReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut play_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::PlayId => {
                            if play_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playId"));
                            }
                            play_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(PlayStopReply {
                    call_id: call_id__.unwrap_or_default(),
                    play_id: play_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.PlayStopReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for PlayStopRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.play_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.PlayStopRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.play_id.is_empty() {
            struct_ser.serialize_field("play_id", &self.play_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PlayStopRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "play_id",
            "playId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            PlayId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "playId" | "play_id" => Ok(GeneratedField::PlayId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PlayStopRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.PlayStopRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PlayStopRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut play_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::PlayId => {
                            if play_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playId"));
                            }
                            play_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(PlayStopRequest {
                    call_id: call_id__.unwrap_or_default(),
                    play_id: play_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.PlayStopRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for PlaybackFinished {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.play_id.is_empty() {
            len += 1;
        }
        if self.reason != 0 {
            len += 1;
        }
        if self.played_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.PlaybackFinished", len)?;
        if !self.play_id.is_empty() {
            struct_ser.serialize_field("play_id", &self.play_id)?;
        }
        if self.reason != 0 {
            let v = playback_finished::Reason::try_from(self.reason)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.reason)))?;
            struct_ser.serialize_field("reason", &v)?;
        }
        if self.played_ms != 0 {
            struct_ser.serialize_field("played_ms", &self.played_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PlaybackFinished {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "play_id",
            "playId",
            "reason",
            "played_ms",
            "playedMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            PlayId,
            Reason,
            PlayedMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "playId" | "play_id" => Ok(GeneratedField::PlayId),
                            "reason" => Ok(GeneratedField::Reason),
                            "playedMs" | "played_ms" => Ok(GeneratedField::PlayedMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PlaybackFinished;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.PlaybackFinished")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PlaybackFinished, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut play_id__ = None;
                let mut reason__ = None;
                let mut played_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::PlayId => {
                            if play_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playId"));
                            }
                            play_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value::<playback_finished::Reason>()? as i32);
                        }
                        GeneratedField::PlayedMs => {
                            if played_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playedMs"));
                            }
                            played_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(PlaybackFinished {
                    play_id: play_id__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                    played_ms: played_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.PlaybackFinished", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for playback_finished::Reason {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "REASON_UNSPECIFIED",
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
            Self::Replaced => "replaced",
            Self::Ended => "ended",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for playback_finished::Reason {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "REASON_UNSPECIFIED",
            "completed",
            "stopped",
            "interrupted",
            "replaced",
            "ended",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = playback_finished::Reason;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "REASON_UNSPECIFIED" => Ok(playback_finished::Reason::Unspecified),
                    "completed" => Ok(playback_finished::Reason::Completed),
                    "stopped" => Ok(playback_finished::Reason::Stopped),
                    "interrupted" => Ok(playback_finished::Reason::Interrupted),
                    "replaced" => Ok(playback_finished::Reason::Replaced),
                    "ended" => Ok(playback_finished::Reason::Ended),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for PlaybackStarted {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.play_id.is_empty() {
            len += 1;
        }
        if !self.source.is_empty() {
            len += 1;
        }
        if self.duration_ms != 0 {
            len += 1;
        }
        if self.r#loop {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.PlaybackStarted", len)?;
        if !self.play_id.is_empty() {
            struct_ser.serialize_field("play_id", &self.play_id)?;
        }
        if !self.source.is_empty() {
            struct_ser.serialize_field("source", &self.source)?;
        }
        if self.duration_ms != 0 {
            struct_ser.serialize_field("duration_ms", &self.duration_ms)?;
        }
        if self.r#loop {
            struct_ser.serialize_field("loop", &self.r#loop)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PlaybackStarted {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "play_id",
            "playId",
            "source",
            "duration_ms",
            "durationMs",
            "loop",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            PlayId,
            Source,
            DurationMs,
            Loop,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "playId" | "play_id" => Ok(GeneratedField::PlayId),
                            "source" => Ok(GeneratedField::Source),
                            "durationMs" | "duration_ms" => Ok(GeneratedField::DurationMs),
                            "loop" => Ok(GeneratedField::Loop),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PlaybackStarted;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.PlaybackStarted")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PlaybackStarted, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut play_id__ = None;
                let mut source__ = None;
                let mut duration_ms__ = None;
                let mut r#loop__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::PlayId => {
                            if play_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playId"));
                            }
                            play_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Source => {
                            if source__.is_some() {
                                return Err(serde::de::Error::duplicate_field("source"));
                            }
                            source__ = Some(map_.next_value()?);
                        }
                        GeneratedField::DurationMs => {
                            if duration_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("durationMs"));
                            }
                            duration_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Loop => {
                            if r#loop__.is_some() {
                                return Err(serde::de::Error::duplicate_field("loop"));
                            }
                            r#loop__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(PlaybackStarted {
                    play_id: play_id__.unwrap_or_default(),
                    source: source__.unwrap_or_default(),
                    duration_ms: duration_ms__.unwrap_or_default(),
                    r#loop: r#loop__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.PlaybackStarted", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Playout {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.mode != 0 {
            len += 1;
        }
        if self.cap_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.Playout", len)?;
        if self.mode != 0 {
            let v = playout::Mode::try_from(self.mode)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.mode)))?;
            struct_ser.serialize_field("mode", &v)?;
        }
        if self.cap_ms != 0 {
            struct_ser.serialize_field("cap_ms", &self.cap_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Playout {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "mode",
            "cap_ms",
            "capMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Mode,
            CapMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "mode" => Ok(GeneratedField::Mode),
                            "capMs" | "cap_ms" => Ok(GeneratedField::CapMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Playout;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.Playout")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Playout, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut mode__ = None;
                let mut cap_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Mode => {
                            if mode__.is_some() {
                                return Err(serde::de::Error::duplicate_field("mode"));
                            }
                            mode__ = Some(map_.next_value::<playout::Mode>()? as i32);
                        }
                        GeneratedField::CapMs => {
                            if cap_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("capMs"));
                            }
                            cap_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Playout {
                    mode: mode__.unwrap_or_default(),
                    cap_ms: cap_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.Playout", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for playout::Mode {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "MODE_UNSPECIFIED",
            Self::Queue => "queue",
            Self::Live => "live",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for playout::Mode {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "MODE_UNSPECIFIED",
            "queue",
            "live",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = playout::Mode;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "MODE_UNSPECIFIED" => Ok(playout::Mode::Unspecified),
                    "queue" => Ok(playout::Mode::Queue),
                    "live" => Ok(playout::Mode::Live),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for QosSample {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.mos != 0. {
            len += 1;
        }
        if self.loss_pct != 0. {
            len += 1;
        }
        if self.jitter_ms != 0. {
            len += 1;
        }
        if self.rtt_ms != 0. {
            len += 1;
        }
        if self.remote_loss_pct != 0. {
            len += 1;
        }
        if self.remote_jitter_ms != 0. {
            len += 1;
        }
        if self.codec != 0 {
            len += 1;
        }
        if self.srtp {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.QosSample", len)?;
        if self.mos != 0. {
            struct_ser.serialize_field("mos", &self.mos)?;
        }
        if self.loss_pct != 0. {
            struct_ser.serialize_field("loss_pct", &self.loss_pct)?;
        }
        if self.jitter_ms != 0. {
            struct_ser.serialize_field("jitter_ms", &self.jitter_ms)?;
        }
        if self.rtt_ms != 0. {
            struct_ser.serialize_field("rtt_ms", &self.rtt_ms)?;
        }
        if self.remote_loss_pct != 0. {
            struct_ser.serialize_field("remote_loss_pct", &self.remote_loss_pct)?;
        }
        if self.remote_jitter_ms != 0. {
            struct_ser.serialize_field("remote_jitter_ms", &self.remote_jitter_ms)?;
        }
        if self.codec != 0 {
            let v = trunk::Codec::try_from(self.codec)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.codec)))?;
            struct_ser.serialize_field("codec", &v)?;
        }
        if self.srtp {
            struct_ser.serialize_field("srtp", &self.srtp)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for QosSample {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "mos",
            "loss_pct",
            "lossPct",
            "jitter_ms",
            "jitterMs",
            "rtt_ms",
            "rttMs",
            "remote_loss_pct",
            "remoteLossPct",
            "remote_jitter_ms",
            "remoteJitterMs",
            "codec",
            "srtp",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Mos,
            LossPct,
            JitterMs,
            RttMs,
            RemoteLossPct,
            RemoteJitterMs,
            Codec,
            Srtp,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "mos" => Ok(GeneratedField::Mos),
                            "lossPct" | "loss_pct" => Ok(GeneratedField::LossPct),
                            "jitterMs" | "jitter_ms" => Ok(GeneratedField::JitterMs),
                            "rttMs" | "rtt_ms" => Ok(GeneratedField::RttMs),
                            "remoteLossPct" | "remote_loss_pct" => Ok(GeneratedField::RemoteLossPct),
                            "remoteJitterMs" | "remote_jitter_ms" => Ok(GeneratedField::RemoteJitterMs),
                            "codec" => Ok(GeneratedField::Codec),
                            "srtp" => Ok(GeneratedField::Srtp),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = QosSample;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.QosSample")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<QosSample, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut mos__ = None;
                let mut loss_pct__ = None;
                let mut jitter_ms__ = None;
                let mut rtt_ms__ = None;
                let mut remote_loss_pct__ = None;
                let mut remote_jitter_ms__ = None;
                let mut codec__ = None;
                let mut srtp__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Mos => {
                            if mos__.is_some() {
                                return Err(serde::de::Error::duplicate_field("mos"));
                            }
                            mos__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::LossPct => {
                            if loss_pct__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lossPct"));
                            }
                            loss_pct__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::JitterMs => {
                            if jitter_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("jitterMs"));
                            }
                            jitter_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RttMs => {
                            if rtt_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rttMs"));
                            }
                            rtt_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RemoteLossPct => {
                            if remote_loss_pct__.is_some() {
                                return Err(serde::de::Error::duplicate_field("remoteLossPct"));
                            }
                            remote_loss_pct__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::RemoteJitterMs => {
                            if remote_jitter_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("remoteJitterMs"));
                            }
                            remote_jitter_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Codec => {
                            if codec__.is_some() {
                                return Err(serde::de::Error::duplicate_field("codec"));
                            }
                            codec__ = Some(map_.next_value::<trunk::Codec>()? as i32);
                        }
                        GeneratedField::Srtp => {
                            if srtp__.is_some() {
                                return Err(serde::de::Error::duplicate_field("srtp"));
                            }
                            srtp__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(QosSample {
                    mos: mos__.unwrap_or_default(),
                    loss_pct: loss_pct__.unwrap_or_default(),
                    jitter_ms: jitter_ms__.unwrap_or_default(),
                    rtt_ms: rtt_ms__.unwrap_or_default(),
                    remote_loss_pct: remote_loss_pct__.unwrap_or_default(),
                    remote_jitter_ms: remote_jitter_ms__.unwrap_or_default(),
                    codec: codec__.unwrap_or_default(),
                    srtp: srtp__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.QosSample", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for RegistrationStatus {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.state != 0 {
            len += 1;
        }
        if !self.registrar.is_empty() {
            len += 1;
        }
        if !self.contact.is_empty() {
            len += 1;
        }
        if self.expires_at.is_some() {
            len += 1;
        }
        if self.sip_status != 0 {
            len += 1;
        }
        if !self.reason.is_empty() {
            len += 1;
        }
        if self.failures != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.RegistrationStatus", len)?;
        if self.state != 0 {
            let v = registration_status::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        if !self.registrar.is_empty() {
            struct_ser.serialize_field("registrar", &self.registrar)?;
        }
        if !self.contact.is_empty() {
            struct_ser.serialize_field("contact", &self.contact)?;
        }
        if let Some(v) = self.expires_at.as_ref() {
            struct_ser.serialize_field("expires_at", v)?;
        }
        if self.sip_status != 0 {
            struct_ser.serialize_field("sip_status", &self.sip_status)?;
        }
        if !self.reason.is_empty() {
            struct_ser.serialize_field("reason", &self.reason)?;
        }
        if self.failures != 0 {
            struct_ser.serialize_field("failures", &self.failures)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RegistrationStatus {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "state",
            "registrar",
            "contact",
            "expires_at",
            "expiresAt",
            "sip_status",
            "sipStatus",
            "reason",
            "failures",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            State,
            Registrar,
            Contact,
            ExpiresAt,
            SipStatus,
            Reason,
            Failures,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "state" => Ok(GeneratedField::State),
                            "registrar" => Ok(GeneratedField::Registrar),
                            "contact" => Ok(GeneratedField::Contact),
                            "expiresAt" | "expires_at" => Ok(GeneratedField::ExpiresAt),
                            "sipStatus" | "sip_status" => Ok(GeneratedField::SipStatus),
                            "reason" => Ok(GeneratedField::Reason),
                            "failures" => Ok(GeneratedField::Failures),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RegistrationStatus;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.RegistrationStatus")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RegistrationStatus, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut state__ = None;
                let mut registrar__ = None;
                let mut contact__ = None;
                let mut expires_at__ = None;
                let mut sip_status__ = None;
                let mut reason__ = None;
                let mut failures__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<registration_status::State>()? as i32);
                        }
                        GeneratedField::Registrar => {
                            if registrar__.is_some() {
                                return Err(serde::de::Error::duplicate_field("registrar"));
                            }
                            registrar__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Contact => {
                            if contact__.is_some() {
                                return Err(serde::de::Error::duplicate_field("contact"));
                            }
                            contact__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ExpiresAt => {
                            if expires_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("expiresAt"));
                            }
                            expires_at__ = map_.next_value()?;
                        }
                        GeneratedField::SipStatus => {
                            if sip_status__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sipStatus"));
                            }
                            sip_status__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Failures => {
                            if failures__.is_some() {
                                return Err(serde::de::Error::duplicate_field("failures"));
                            }
                            failures__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(RegistrationStatus {
                    state: state__.unwrap_or_default(),
                    registrar: registrar__.unwrap_or_default(),
                    contact: contact__.unwrap_or_default(),
                    expires_at: expires_at__,
                    sip_status: sip_status__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                    failures: failures__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.RegistrationStatus", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for registration_status::State {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Waiting => "waiting",
            Self::Trying => "trying",
            Self::Registered => "registered",
            Self::Failed => "failed",
            Self::Refused => "refused",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for registration_status::State {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "STATE_UNSPECIFIED",
            "waiting",
            "trying",
            "registered",
            "failed",
            "refused",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = registration_status::State;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "STATE_UNSPECIFIED" => Ok(registration_status::State::Unspecified),
                    "waiting" => Ok(registration_status::State::Waiting),
                    "trying" => Ok(registration_status::State::Trying),
                    "registered" => Ok(registration_status::State::Registered),
                    "failed" => Ok(registration_status::State::Failed),
                    "refused" => Ok(registration_status::State::Refused),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for Route {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if !self.tenant.is_empty() {
            len += 1;
        }
        if !self.bot.is_empty() {
            len += 1;
        }
        if self.stream.is_some() {
            len += 1;
        }
        if self.max_duration_ms != 0 {
            len += 1;
        }
        if !self.vars.is_empty() {
            len += 1;
        }
        if self.revision != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.Route", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if !self.tenant.is_empty() {
            struct_ser.serialize_field("tenant", &self.tenant)?;
        }
        if !self.bot.is_empty() {
            struct_ser.serialize_field("bot", &self.bot)?;
        }
        if let Some(v) = self.stream.as_ref() {
            struct_ser.serialize_field("stream", v)?;
        }
        if self.max_duration_ms != 0 {
            struct_ser.serialize_field("max_duration_ms", &self.max_duration_ms)?;
        }
        if !self.vars.is_empty() {
            struct_ser.serialize_field("vars", &self.vars)?;
        }
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Route {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "tenant",
            "bot",
            "stream",
            "max_duration_ms",
            "maxDurationMs",
            "vars",
            "revision",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Tenant,
            Bot,
            Stream,
            MaxDurationMs,
            Vars,
            Revision,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "tenant" => Ok(GeneratedField::Tenant),
                            "bot" => Ok(GeneratedField::Bot),
                            "stream" => Ok(GeneratedField::Stream),
                            "maxDurationMs" | "max_duration_ms" => Ok(GeneratedField::MaxDurationMs),
                            "vars" => Ok(GeneratedField::Vars),
                            "revision" => Ok(GeneratedField::Revision),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Route;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.Route")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Route, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut tenant__ = None;
                let mut bot__ = None;
                let mut stream__ = None;
                let mut max_duration_ms__ = None;
                let mut vars__ = None;
                let mut revision__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Tenant => {
                            if tenant__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tenant"));
                            }
                            tenant__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Bot => {
                            if bot__.is_some() {
                                return Err(serde::de::Error::duplicate_field("bot"));
                            }
                            bot__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Stream => {
                            if stream__.is_some() {
                                return Err(serde::de::Error::duplicate_field("stream"));
                            }
                            stream__ = map_.next_value()?;
                        }
                        GeneratedField::MaxDurationMs => {
                            if max_duration_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("maxDurationMs"));
                            }
                            max_duration_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Vars => {
                            if vars__.is_some() {
                                return Err(serde::de::Error::duplicate_field("vars"));
                            }
                            vars__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Route {
                    name: name__.unwrap_or_default(),
                    tenant: tenant__.unwrap_or_default(),
                    bot: bot__.unwrap_or_default(),
                    stream: stream__,
                    max_duration_ms: max_duration_ms__.unwrap_or_default(),
                    vars: vars__.unwrap_or_default(),
                    revision: revision__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.Route", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for RouteDeleteReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("botstream.v1.RouteDeleteReply", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RouteDeleteReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RouteDeleteReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.RouteDeleteReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RouteDeleteReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(RouteDeleteReply {
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.RouteDeleteReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for RouteDeleteRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.revision != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.RouteDeleteRequest", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RouteDeleteRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "revision",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Revision,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "revision" => Ok(GeneratedField::Revision),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RouteDeleteRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.RouteDeleteRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RouteDeleteRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut revision__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(RouteDeleteRequest {
                    name: name__.unwrap_or_default(),
                    revision: revision__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.RouteDeleteRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for RouteGetRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.RouteGetRequest", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RouteGetRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RouteGetRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.RouteGetRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RouteGetRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(RouteGetRequest {
                    name: name__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.RouteGetRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for RouteListReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.routes.is_empty() {
            len += 1;
        }
        if !self.cursor.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.RouteListReply", len)?;
        if !self.routes.is_empty() {
            struct_ser.serialize_field("routes", &self.routes)?;
        }
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RouteListReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "routes",
            "cursor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Routes,
            Cursor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "routes" => Ok(GeneratedField::Routes),
                            "cursor" => Ok(GeneratedField::Cursor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RouteListReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.RouteListReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RouteListReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut routes__ = None;
                let mut cursor__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Routes => {
                            if routes__.is_some() {
                                return Err(serde::de::Error::duplicate_field("routes"));
                            }
                            routes__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(RouteListReply {
                    routes: routes__.unwrap_or_default(),
                    cursor: cursor__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.RouteListReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for RouteListRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.limit != 0 {
            len += 1;
        }
        if !self.cursor.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.RouteListRequest", len)?;
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RouteListRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "limit",
            "cursor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Limit,
            Cursor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "limit" => Ok(GeneratedField::Limit),
                            "cursor" => Ok(GeneratedField::Cursor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RouteListRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.RouteListRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RouteListRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut limit__ = None;
                let mut cursor__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(RouteListRequest {
                    limit: limit__.unwrap_or_default(),
                    cursor: cursor__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.RouteListRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetVarsReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.vars.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.SetVarsReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.vars.is_empty() {
            struct_ser.serialize_field("vars", &self.vars)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetVarsReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "vars",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Vars,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "vars" => Ok(GeneratedField::Vars),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetVarsReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.SetVarsReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetVarsReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut vars__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Vars => {
                            if vars__.is_some() {
                                return Err(serde::de::Error::duplicate_field("vars"));
                            }
                            vars__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                    }
                }
                Ok(SetVarsReply {
                    call_id: call_id__.unwrap_or_default(),
                    vars: vars__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.SetVarsReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetVarsRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.vars.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.SetVarsRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.vars.is_empty() {
            struct_ser.serialize_field("vars", &self.vars)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetVarsRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "vars",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Vars,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "vars" => Ok(GeneratedField::Vars),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetVarsRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.SetVarsRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetVarsRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut vars__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Vars => {
                            if vars__.is_some() {
                                return Err(serde::de::Error::duplicate_field("vars"));
                            }
                            vars__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                    }
                }
                Ok(SetVarsRequest {
                    call_id: call_id__.unwrap_or_default(),
                    vars: vars__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.SetVarsRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for StreamCleared {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.stream_id.is_empty() {
            len += 1;
        }
        if self.r#gen != 0 {
            len += 1;
        }
        if self.played_ms != 0 {
            len += 1;
        }
        if self.discarded_ms != 0 {
            len += 1;
        }
        if !self.marks.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.StreamCleared", len)?;
        if !self.stream_id.is_empty() {
            struct_ser.serialize_field("stream_id", &self.stream_id)?;
        }
        if self.r#gen != 0 {
            struct_ser.serialize_field("gen", &self.r#gen)?;
        }
        if self.played_ms != 0 {
            struct_ser.serialize_field("played_ms", &self.played_ms)?;
        }
        if self.discarded_ms != 0 {
            struct_ser.serialize_field("discarded_ms", &self.discarded_ms)?;
        }
        if !self.marks.is_empty() {
            struct_ser.serialize_field("marks", &self.marks)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StreamCleared {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "stream_id",
            "streamId",
            "gen",
            "played_ms",
            "playedMs",
            "discarded_ms",
            "discardedMs",
            "marks",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            StreamId,
            Gen,
            PlayedMs,
            DiscardedMs,
            Marks,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "streamId" | "stream_id" => Ok(GeneratedField::StreamId),
                            "gen" => Ok(GeneratedField::Gen),
                            "playedMs" | "played_ms" => Ok(GeneratedField::PlayedMs),
                            "discardedMs" | "discarded_ms" => Ok(GeneratedField::DiscardedMs),
                            "marks" => Ok(GeneratedField::Marks),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StreamCleared;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.StreamCleared")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StreamCleared, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut stream_id__ = None;
                let mut gen__ = None;
                let mut played_ms__ = None;
                let mut discarded_ms__ = None;
                let mut marks__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::StreamId => {
                            if stream_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamId"));
                            }
                            stream_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Gen => {
                            if gen__.is_some() {
                                return Err(serde::de::Error::duplicate_field("gen"));
                            }
                            gen__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::PlayedMs => {
                            if played_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playedMs"));
                            }
                            played_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::DiscardedMs => {
                            if discarded_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("discardedMs"));
                            }
                            discarded_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Marks => {
                            if marks__.is_some() {
                                return Err(serde::de::Error::duplicate_field("marks"));
                            }
                            marks__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(StreamCleared {
                    stream_id: stream_id__.unwrap_or_default(),
                    r#gen: gen__.unwrap_or_default(),
                    played_ms: played_ms__.unwrap_or_default(),
                    discarded_ms: discarded_ms__.unwrap_or_default(),
                    marks: marks__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.StreamCleared", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for StreamConnecting {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.stream_id.is_empty() {
            len += 1;
        }
        if !self.url.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.StreamConnecting", len)?;
        if !self.stream_id.is_empty() {
            struct_ser.serialize_field("stream_id", &self.stream_id)?;
        }
        if !self.url.is_empty() {
            struct_ser.serialize_field("url", &self.url)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StreamConnecting {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "stream_id",
            "streamId",
            "url",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            StreamId,
            Url,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "streamId" | "stream_id" => Ok(GeneratedField::StreamId),
                            "url" => Ok(GeneratedField::Url),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StreamConnecting;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.StreamConnecting")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StreamConnecting, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut stream_id__ = None;
                let mut url__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::StreamId => {
                            if stream_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamId"));
                            }
                            stream_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Url => {
                            if url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("url"));
                            }
                            url__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(StreamConnecting {
                    stream_id: stream_id__.unwrap_or_default(),
                    url: url__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.StreamConnecting", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for StreamFailed {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.stream_id.is_empty() {
            len += 1;
        }
        if !self.url.is_empty() {
            len += 1;
        }
        if !self.reason.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.StreamFailed", len)?;
        if !self.stream_id.is_empty() {
            struct_ser.serialize_field("stream_id", &self.stream_id)?;
        }
        if !self.url.is_empty() {
            struct_ser.serialize_field("url", &self.url)?;
        }
        if !self.reason.is_empty() {
            struct_ser.serialize_field("reason", &self.reason)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StreamFailed {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "stream_id",
            "streamId",
            "url",
            "reason",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            StreamId,
            Url,
            Reason,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "streamId" | "stream_id" => Ok(GeneratedField::StreamId),
                            "url" => Ok(GeneratedField::Url),
                            "reason" => Ok(GeneratedField::Reason),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StreamFailed;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.StreamFailed")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StreamFailed, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut stream_id__ = None;
                let mut url__ = None;
                let mut reason__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::StreamId => {
                            if stream_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamId"));
                            }
                            stream_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Url => {
                            if url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("url"));
                            }
                            url__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(StreamFailed {
                    stream_id: stream_id__.unwrap_or_default(),
                    url: url__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.StreamFailed", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for StreamFallback {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.stream_id.is_empty() {
            len += 1;
        }
        if !self.url.is_empty() {
            len += 1;
        }
        if !self.reason.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.StreamFallback", len)?;
        if !self.stream_id.is_empty() {
            struct_ser.serialize_field("stream_id", &self.stream_id)?;
        }
        if !self.url.is_empty() {
            struct_ser.serialize_field("url", &self.url)?;
        }
        if !self.reason.is_empty() {
            struct_ser.serialize_field("reason", &self.reason)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StreamFallback {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "stream_id",
            "streamId",
            "url",
            "reason",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            StreamId,
            Url,
            Reason,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "streamId" | "stream_id" => Ok(GeneratedField::StreamId),
                            "url" => Ok(GeneratedField::Url),
                            "reason" => Ok(GeneratedField::Reason),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StreamFallback;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.StreamFallback")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StreamFallback, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut stream_id__ = None;
                let mut url__ = None;
                let mut reason__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::StreamId => {
                            if stream_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamId"));
                            }
                            stream_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Url => {
                            if url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("url"));
                            }
                            url__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(StreamFallback {
                    stream_id: stream_id__.unwrap_or_default(),
                    url: url__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.StreamFallback", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for StreamFlow {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.stream_id.is_empty() {
            len += 1;
        }
        if self.state != 0 {
            len += 1;
        }
        if self.queued_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.StreamFlow", len)?;
        if !self.stream_id.is_empty() {
            struct_ser.serialize_field("stream_id", &self.stream_id)?;
        }
        if self.state != 0 {
            let v = stream_flow::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        if self.queued_ms != 0 {
            struct_ser.serialize_field("queued_ms", &self.queued_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StreamFlow {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "stream_id",
            "streamId",
            "state",
            "queued_ms",
            "queuedMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            StreamId,
            State,
            QueuedMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "streamId" | "stream_id" => Ok(GeneratedField::StreamId),
                            "state" => Ok(GeneratedField::State),
                            "queuedMs" | "queued_ms" => Ok(GeneratedField::QueuedMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StreamFlow;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.StreamFlow")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StreamFlow, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut stream_id__ = None;
                let mut state__ = None;
                let mut queued_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::StreamId => {
                            if stream_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamId"));
                            }
                            stream_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<stream_flow::State>()? as i32);
                        }
                        GeneratedField::QueuedMs => {
                            if queued_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("queuedMs"));
                            }
                            queued_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(StreamFlow {
                    stream_id: stream_id__.unwrap_or_default(),
                    state: state__.unwrap_or_default(),
                    queued_ms: queued_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.StreamFlow", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for stream_flow::State {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Xoff => "xoff",
            Self::Xon => "xon",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for stream_flow::State {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "STATE_UNSPECIFIED",
            "xoff",
            "xon",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = stream_flow::State;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "STATE_UNSPECIFIED" => Ok(stream_flow::State::Unspecified),
                    "xoff" => Ok(stream_flow::State::Xoff),
                    "xon" => Ok(stream_flow::State::Xon),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for StreamMark {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.stream_id.is_empty() {
            len += 1;
        }
        if !self.id.is_empty() {
            len += 1;
        }
        if self.state != 0 {
            len += 1;
        }
        if self.r#gen != 0 {
            len += 1;
        }
        if self.pos_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.StreamMark", len)?;
        if !self.stream_id.is_empty() {
            struct_ser.serialize_field("stream_id", &self.stream_id)?;
        }
        if !self.id.is_empty() {
            struct_ser.serialize_field("id", &self.id)?;
        }
        if self.state != 0 {
            let v = stream_mark::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        if self.r#gen != 0 {
            struct_ser.serialize_field("gen", &self.r#gen)?;
        }
        if self.pos_ms != 0 {
            struct_ser.serialize_field("pos_ms", &self.pos_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StreamMark {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "stream_id",
            "streamId",
            "id",
            "state",
            "gen",
            "pos_ms",
            "posMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            StreamId,
            Id,
            State,
            Gen,
            PosMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "streamId" | "stream_id" => Ok(GeneratedField::StreamId),
                            "id" => Ok(GeneratedField::Id),
                            "state" => Ok(GeneratedField::State),
                            "gen" => Ok(GeneratedField::Gen),
                            "posMs" | "pos_ms" => Ok(GeneratedField::PosMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StreamMark;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.StreamMark")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StreamMark, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut stream_id__ = None;
                let mut id__ = None;
                let mut state__ = None;
                let mut gen__ = None;
                let mut pos_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::StreamId => {
                            if stream_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamId"));
                            }
                            stream_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Id => {
                            if id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("id"));
                            }
                            id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<stream_mark::State>()? as i32);
                        }
                        GeneratedField::Gen => {
                            if gen__.is_some() {
                                return Err(serde::de::Error::duplicate_field("gen"));
                            }
                            gen__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::PosMs => {
                            if pos_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("posMs"));
                            }
                            pos_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(StreamMark {
                    stream_id: stream_id__.unwrap_or_default(),
                    id: id__.unwrap_or_default(),
                    state: state__.unwrap_or_default(),
                    r#gen: gen__.unwrap_or_default(),
                    pos_ms: pos_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.StreamMark", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for stream_mark::State {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Played => "played",
            Self::Cleared => "cleared",
            Self::Dropped => "dropped",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for stream_mark::State {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "STATE_UNSPECIFIED",
            "played",
            "cleared",
            "dropped",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = stream_mark::State;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "STATE_UNSPECIFIED" => Ok(stream_mark::State::Unspecified),
                    "played" => Ok(stream_mark::State::Played),
                    "cleared" => Ok(stream_mark::State::Cleared),
                    "dropped" => Ok(stream_mark::State::Dropped),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for StreamReconnecting {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.stream_id.is_empty() {
            len += 1;
        }
        if !self.url.is_empty() {
            len += 1;
        }
        if !self.reason.is_empty() {
            len += 1;
        }
        if self.attempt != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.StreamReconnecting", len)?;
        if !self.stream_id.is_empty() {
            struct_ser.serialize_field("stream_id", &self.stream_id)?;
        }
        if !self.url.is_empty() {
            struct_ser.serialize_field("url", &self.url)?;
        }
        if !self.reason.is_empty() {
            struct_ser.serialize_field("reason", &self.reason)?;
        }
        if self.attempt != 0 {
            struct_ser.serialize_field("attempt", &self.attempt)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StreamReconnecting {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "stream_id",
            "streamId",
            "url",
            "reason",
            "attempt",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            StreamId,
            Url,
            Reason,
            Attempt,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "streamId" | "stream_id" => Ok(GeneratedField::StreamId),
                            "url" => Ok(GeneratedField::Url),
                            "reason" => Ok(GeneratedField::Reason),
                            "attempt" => Ok(GeneratedField::Attempt),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StreamReconnecting;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.StreamReconnecting")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StreamReconnecting, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut stream_id__ = None;
                let mut url__ = None;
                let mut reason__ = None;
                let mut attempt__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::StreamId => {
                            if stream_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamId"));
                            }
                            stream_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Url => {
                            if url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("url"));
                            }
                            url__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Attempt => {
                            if attempt__.is_some() {
                                return Err(serde::de::Error::duplicate_field("attempt"));
                            }
                            attempt__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(StreamReconnecting {
                    stream_id: stream_id__.unwrap_or_default(),
                    url: url__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                    attempt: attempt__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.StreamReconnecting", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for StreamSpec {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.url.is_empty() {
            len += 1;
        }
        if self.dialect != 0 {
            len += 1;
        }
        if self.format.is_some() {
            len += 1;
        }
        if self.tracks != 0 {
            len += 1;
        }
        if self.playout.is_some() {
            len += 1;
        }
        if !self.fallback.is_empty() {
            len += 1;
        }
        if !self.metadata.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.StreamSpec", len)?;
        if !self.url.is_empty() {
            struct_ser.serialize_field("url", &self.url)?;
        }
        if self.dialect != 0 {
            let v = stream_spec::Dialect::try_from(self.dialect)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.dialect)))?;
            struct_ser.serialize_field("dialect", &v)?;
        }
        if let Some(v) = self.format.as_ref() {
            struct_ser.serialize_field("format", v)?;
        }
        if self.tracks != 0 {
            let v = stream_spec::Tracks::try_from(self.tracks)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.tracks)))?;
            struct_ser.serialize_field("tracks", &v)?;
        }
        if let Some(v) = self.playout.as_ref() {
            struct_ser.serialize_field("playout", v)?;
        }
        if !self.fallback.is_empty() {
            struct_ser.serialize_field("fallback", &self.fallback)?;
        }
        if !self.metadata.is_empty() {
            struct_ser.serialize_field("metadata", &self.metadata)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StreamSpec {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "url",
            "dialect",
            "format",
            "tracks",
            "playout",
            "fallback",
            "metadata",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Url,
            Dialect,
            Format,
            Tracks,
            Playout,
            Fallback,
            Metadata,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "url" => Ok(GeneratedField::Url),
                            "dialect" => Ok(GeneratedField::Dialect),
                            "format" => Ok(GeneratedField::Format),
                            "tracks" => Ok(GeneratedField::Tracks),
                            "playout" => Ok(GeneratedField::Playout),
                            "fallback" => Ok(GeneratedField::Fallback),
                            "metadata" => Ok(GeneratedField::Metadata),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StreamSpec;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.StreamSpec")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StreamSpec, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut url__ = None;
                let mut dialect__ = None;
                let mut format__ = None;
                let mut tracks__ = None;
                let mut playout__ = None;
                let mut fallback__ = None;
                let mut metadata__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Url => {
                            if url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("url"));
                            }
                            url__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Dialect => {
                            if dialect__.is_some() {
                                return Err(serde::de::Error::duplicate_field("dialect"));
                            }
                            dialect__ = Some(map_.next_value::<stream_spec::Dialect>()? as i32);
                        }
                        GeneratedField::Format => {
                            if format__.is_some() {
                                return Err(serde::de::Error::duplicate_field("format"));
                            }
                            format__ = map_.next_value()?;
                        }
                        GeneratedField::Tracks => {
                            if tracks__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tracks"));
                            }
                            tracks__ = Some(map_.next_value::<stream_spec::Tracks>()? as i32);
                        }
                        GeneratedField::Playout => {
                            if playout__.is_some() {
                                return Err(serde::de::Error::duplicate_field("playout"));
                            }
                            playout__ = map_.next_value()?;
                        }
                        GeneratedField::Fallback => {
                            if fallback__.is_some() {
                                return Err(serde::de::Error::duplicate_field("fallback"));
                            }
                            fallback__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Metadata => {
                            if metadata__.is_some() {
                                return Err(serde::de::Error::duplicate_field("metadata"));
                            }
                            metadata__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                    }
                }
                Ok(StreamSpec {
                    url: url__.unwrap_or_default(),
                    dialect: dialect__.unwrap_or_default(),
                    format: format__,
                    tracks: tracks__.unwrap_or_default(),
                    playout: playout__,
                    fallback: fallback__.unwrap_or_default(),
                    metadata: metadata__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.StreamSpec", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for stream_spec::Dialect {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "DIALECT_UNSPECIFIED",
            Self::Botstream => "botstream",
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Plivo => "plivo",
            Self::Exotel => "exotel",
            Self::Vonage => "vonage",
            Self::Jambonz => "jambonz",
            Self::Asterisk => "asterisk",
            Self::AsteriskPlain => "asterisk_plain",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for stream_spec::Dialect {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "DIALECT_UNSPECIFIED",
            "botstream",
            "twilio",
            "telnyx",
            "plivo",
            "exotel",
            "vonage",
            "jambonz",
            "asterisk",
            "asterisk_plain",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = stream_spec::Dialect;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "DIALECT_UNSPECIFIED" => Ok(stream_spec::Dialect::Unspecified),
                    "botstream" => Ok(stream_spec::Dialect::Botstream),
                    "twilio" => Ok(stream_spec::Dialect::Twilio),
                    "telnyx" => Ok(stream_spec::Dialect::Telnyx),
                    "plivo" => Ok(stream_spec::Dialect::Plivo),
                    "exotel" => Ok(stream_spec::Dialect::Exotel),
                    "vonage" => Ok(stream_spec::Dialect::Vonage),
                    "jambonz" => Ok(stream_spec::Dialect::Jambonz),
                    "asterisk" => Ok(stream_spec::Dialect::Asterisk),
                    "asterisk_plain" => Ok(stream_spec::Dialect::AsteriskPlain),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for stream_spec::Tracks {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "TRACKS_UNSPECIFIED",
            Self::Inbound => "inbound",
            Self::Both => "both",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for stream_spec::Tracks {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "TRACKS_UNSPECIFIED",
            "inbound",
            "both",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = stream_spec::Tracks;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "TRACKS_UNSPECIFIED" => Ok(stream_spec::Tracks::Unspecified),
                    "inbound" => Ok(stream_spec::Tracks::Inbound),
                    "both" => Ok(stream_spec::Tracks::Both),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for StreamStarted {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.stream_id.is_empty() {
            len += 1;
        }
        if !self.url.is_empty() {
            len += 1;
        }
        if self.format.is_some() {
            len += 1;
        }
        if self.connect_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.StreamStarted", len)?;
        if !self.stream_id.is_empty() {
            struct_ser.serialize_field("stream_id", &self.stream_id)?;
        }
        if !self.url.is_empty() {
            struct_ser.serialize_field("url", &self.url)?;
        }
        if let Some(v) = self.format.as_ref() {
            struct_ser.serialize_field("format", v)?;
        }
        if self.connect_ms != 0 {
            struct_ser.serialize_field("connect_ms", &self.connect_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StreamStarted {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "stream_id",
            "streamId",
            "url",
            "format",
            "connect_ms",
            "connectMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            StreamId,
            Url,
            Format,
            ConnectMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "streamId" | "stream_id" => Ok(GeneratedField::StreamId),
                            "url" => Ok(GeneratedField::Url),
                            "format" => Ok(GeneratedField::Format),
                            "connectMs" | "connect_ms" => Ok(GeneratedField::ConnectMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StreamStarted;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.StreamStarted")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StreamStarted, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut stream_id__ = None;
                let mut url__ = None;
                let mut format__ = None;
                let mut connect_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::StreamId => {
                            if stream_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamId"));
                            }
                            stream_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Url => {
                            if url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("url"));
                            }
                            url__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Format => {
                            if format__.is_some() {
                                return Err(serde::de::Error::duplicate_field("format"));
                            }
                            format__ = map_.next_value()?;
                        }
                        GeneratedField::ConnectMs => {
                            if connect_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("connectMs"));
                            }
                            connect_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(StreamStarted {
                    stream_id: stream_id__.unwrap_or_default(),
                    url: url__.unwrap_or_default(),
                    format: format__,
                    connect_ms: connect_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.StreamStarted", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for StreamStopped {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.stream_id.is_empty() {
            len += 1;
        }
        if !self.reason.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.StreamStopped", len)?;
        if !self.stream_id.is_empty() {
            struct_ser.serialize_field("stream_id", &self.stream_id)?;
        }
        if !self.reason.is_empty() {
            struct_ser.serialize_field("reason", &self.reason)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StreamStopped {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "stream_id",
            "streamId",
            "reason",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            StreamId,
            Reason,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "streamId" | "stream_id" => Ok(GeneratedField::StreamId),
                            "reason" => Ok(GeneratedField::Reason),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StreamStopped;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.StreamStopped")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StreamStopped, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut stream_id__ = None;
                let mut reason__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::StreamId => {
                            if stream_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("streamId"));
                            }
                            stream_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(StreamStopped {
                    stream_id: stream_id__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.StreamStopped", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Trunk {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if !self.tenant.is_empty() {
            len += 1;
        }
        if self.default {
            len += 1;
        }
        if !self.addresses.is_empty() {
            len += 1;
        }
        if !self.peer.is_empty() {
            len += 1;
        }
        if self.transport != 0 {
            len += 1;
        }
        if !self.codecs.is_empty() {
            len += 1;
        }
        if self.nat {
            len += 1;
        }
        if !self.rtp_networks.is_empty() {
            len += 1;
        }
        if self.srtp != 0 {
            len += 1;
        }
        if self.registration.is_some() {
            len += 1;
        }
        if self.status.is_some() {
            len += 1;
        }
        if self.max_channels != 0 {
            len += 1;
        }
        if self.max_cps != 0 {
            len += 1;
        }
        if self.revision != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.Trunk", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if !self.tenant.is_empty() {
            struct_ser.serialize_field("tenant", &self.tenant)?;
        }
        if self.default {
            struct_ser.serialize_field("default", &self.default)?;
        }
        if !self.addresses.is_empty() {
            struct_ser.serialize_field("addresses", &self.addresses)?;
        }
        if !self.peer.is_empty() {
            struct_ser.serialize_field("peer", &self.peer)?;
        }
        if self.transport != 0 {
            let v = trunk::Transport::try_from(self.transport)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.transport)))?;
            struct_ser.serialize_field("transport", &v)?;
        }
        if !self.codecs.is_empty() {
            let v = self.codecs.iter().cloned().map(|v| {
                trunk::Codec::try_from(v)
                    .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", v)))
                }).collect::<std::result::Result<Vec<_>, _>>()?;
            struct_ser.serialize_field("codecs", &v)?;
        }
        if self.nat {
            struct_ser.serialize_field("nat", &self.nat)?;
        }
        if !self.rtp_networks.is_empty() {
            struct_ser.serialize_field("rtp_networks", &self.rtp_networks)?;
        }
        if self.srtp != 0 {
            let v = trunk::Srtp::try_from(self.srtp)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.srtp)))?;
            struct_ser.serialize_field("srtp", &v)?;
        }
        if let Some(v) = self.registration.as_ref() {
            struct_ser.serialize_field("registration", v)?;
        }
        if let Some(v) = self.status.as_ref() {
            struct_ser.serialize_field("status", v)?;
        }
        if self.max_channels != 0 {
            struct_ser.serialize_field("max_channels", &self.max_channels)?;
        }
        if self.max_cps != 0 {
            struct_ser.serialize_field("max_cps", &self.max_cps)?;
        }
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Trunk {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "tenant",
            "default",
            "addresses",
            "peer",
            "transport",
            "codecs",
            "nat",
            "rtp_networks",
            "rtpNetworks",
            "srtp",
            "registration",
            "status",
            "max_channels",
            "maxChannels",
            "max_cps",
            "maxCps",
            "revision",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Tenant,
            Default,
            Addresses,
            Peer,
            Transport,
            Codecs,
            Nat,
            RtpNetworks,
            Srtp,
            Registration,
            Status,
            MaxChannels,
            MaxCps,
            Revision,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "tenant" => Ok(GeneratedField::Tenant),
                            "default" => Ok(GeneratedField::Default),
                            "addresses" => Ok(GeneratedField::Addresses),
                            "peer" => Ok(GeneratedField::Peer),
                            "transport" => Ok(GeneratedField::Transport),
                            "codecs" => Ok(GeneratedField::Codecs),
                            "nat" => Ok(GeneratedField::Nat),
                            "rtpNetworks" | "rtp_networks" => Ok(GeneratedField::RtpNetworks),
                            "srtp" => Ok(GeneratedField::Srtp),
                            "registration" => Ok(GeneratedField::Registration),
                            "status" => Ok(GeneratedField::Status),
                            "maxChannels" | "max_channels" => Ok(GeneratedField::MaxChannels),
                            "maxCps" | "max_cps" => Ok(GeneratedField::MaxCps),
                            "revision" => Ok(GeneratedField::Revision),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Trunk;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.Trunk")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Trunk, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut tenant__ = None;
                let mut default__ = None;
                let mut addresses__ = None;
                let mut peer__ = None;
                let mut transport__ = None;
                let mut codecs__ = None;
                let mut nat__ = None;
                let mut rtp_networks__ = None;
                let mut srtp__ = None;
                let mut registration__ = None;
                let mut status__ = None;
                let mut max_channels__ = None;
                let mut max_cps__ = None;
                let mut revision__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Tenant => {
                            if tenant__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tenant"));
                            }
                            tenant__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Default => {
                            if default__.is_some() {
                                return Err(serde::de::Error::duplicate_field("default"));
                            }
                            default__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Addresses => {
                            if addresses__.is_some() {
                                return Err(serde::de::Error::duplicate_field("addresses"));
                            }
                            addresses__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Peer => {
                            if peer__.is_some() {
                                return Err(serde::de::Error::duplicate_field("peer"));
                            }
                            peer__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Transport => {
                            if transport__.is_some() {
                                return Err(serde::de::Error::duplicate_field("transport"));
                            }
                            transport__ = Some(map_.next_value::<trunk::Transport>()? as i32);
                        }
                        GeneratedField::Codecs => {
                            if codecs__.is_some() {
                                return Err(serde::de::Error::duplicate_field("codecs"));
                            }
                            codecs__ = Some(map_.next_value::<Vec<trunk::Codec>>()?.into_iter().map(|x| x as i32).collect());
                        }
                        GeneratedField::Nat => {
                            if nat__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nat"));
                            }
                            nat__ = Some(map_.next_value()?);
                        }
                        GeneratedField::RtpNetworks => {
                            if rtp_networks__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rtpNetworks"));
                            }
                            rtp_networks__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Srtp => {
                            if srtp__.is_some() {
                                return Err(serde::de::Error::duplicate_field("srtp"));
                            }
                            srtp__ = Some(map_.next_value::<trunk::Srtp>()? as i32);
                        }
                        GeneratedField::Registration => {
                            if registration__.is_some() {
                                return Err(serde::de::Error::duplicate_field("registration"));
                            }
                            registration__ = map_.next_value()?;
                        }
                        GeneratedField::Status => {
                            if status__.is_some() {
                                return Err(serde::de::Error::duplicate_field("status"));
                            }
                            status__ = map_.next_value()?;
                        }
                        GeneratedField::MaxChannels => {
                            if max_channels__.is_some() {
                                return Err(serde::de::Error::duplicate_field("maxChannels"));
                            }
                            max_channels__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::MaxCps => {
                            if max_cps__.is_some() {
                                return Err(serde::de::Error::duplicate_field("maxCps"));
                            }
                            max_cps__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Trunk {
                    name: name__.unwrap_or_default(),
                    tenant: tenant__.unwrap_or_default(),
                    default: default__.unwrap_or_default(),
                    addresses: addresses__.unwrap_or_default(),
                    peer: peer__.unwrap_or_default(),
                    transport: transport__.unwrap_or_default(),
                    codecs: codecs__.unwrap_or_default(),
                    nat: nat__.unwrap_or_default(),
                    rtp_networks: rtp_networks__.unwrap_or_default(),
                    srtp: srtp__.unwrap_or_default(),
                    registration: registration__,
                    status: status__,
                    max_channels: max_channels__.unwrap_or_default(),
                    max_cps: max_cps__.unwrap_or_default(),
                    revision: revision__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.Trunk", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for trunk::Codec {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "CODEC_UNSPECIFIED",
            Self::Pcmu => "pcmu",
            Self::Pcma => "pcma",
            Self::G722 => "g722",
            Self::Opus => "opus",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for trunk::Codec {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "CODEC_UNSPECIFIED",
            "pcmu",
            "pcma",
            "g722",
            "opus",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = trunk::Codec;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "CODEC_UNSPECIFIED" => Ok(trunk::Codec::Unspecified),
                    "pcmu" => Ok(trunk::Codec::Pcmu),
                    "pcma" => Ok(trunk::Codec::Pcma),
                    "g722" => Ok(trunk::Codec::G722),
                    "opus" => Ok(trunk::Codec::Opus),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for trunk::Registration {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.registrars.is_empty() {
            len += 1;
        }
        if !self.user.is_empty() {
            len += 1;
        }
        if !self.domain.is_empty() {
            len += 1;
        }
        if !self.contact_user.is_empty() {
            len += 1;
        }
        if self.expires_s != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.Trunk.Registration", len)?;
        if !self.registrars.is_empty() {
            struct_ser.serialize_field("registrars", &self.registrars)?;
        }
        if !self.user.is_empty() {
            struct_ser.serialize_field("user", &self.user)?;
        }
        if !self.domain.is_empty() {
            struct_ser.serialize_field("domain", &self.domain)?;
        }
        if !self.contact_user.is_empty() {
            struct_ser.serialize_field("contact_user", &self.contact_user)?;
        }
        if self.expires_s != 0 {
            struct_ser.serialize_field("expires_s", &self.expires_s)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for trunk::Registration {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "registrars",
            "user",
            "domain",
            "contact_user",
            "contactUser",
            "expires_s",
            "expiresS",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Registrars,
            User,
            Domain,
            ContactUser,
            ExpiresS,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "registrars" => Ok(GeneratedField::Registrars),
                            "user" => Ok(GeneratedField::User),
                            "domain" => Ok(GeneratedField::Domain),
                            "contactUser" | "contact_user" => Ok(GeneratedField::ContactUser),
                            "expiresS" | "expires_s" => Ok(GeneratedField::ExpiresS),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = trunk::Registration;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.Trunk.Registration")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<trunk::Registration, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut registrars__ = None;
                let mut user__ = None;
                let mut domain__ = None;
                let mut contact_user__ = None;
                let mut expires_s__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Registrars => {
                            if registrars__.is_some() {
                                return Err(serde::de::Error::duplicate_field("registrars"));
                            }
                            registrars__ = Some(map_.next_value()?);
                        }
                        GeneratedField::User => {
                            if user__.is_some() {
                                return Err(serde::de::Error::duplicate_field("user"));
                            }
                            user__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Domain => {
                            if domain__.is_some() {
                                return Err(serde::de::Error::duplicate_field("domain"));
                            }
                            domain__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ContactUser => {
                            if contact_user__.is_some() {
                                return Err(serde::de::Error::duplicate_field("contactUser"));
                            }
                            contact_user__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ExpiresS => {
                            if expires_s__.is_some() {
                                return Err(serde::de::Error::duplicate_field("expiresS"));
                            }
                            expires_s__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(trunk::Registration {
                    registrars: registrars__.unwrap_or_default(),
                    user: user__.unwrap_or_default(),
                    domain: domain__.unwrap_or_default(),
                    contact_user: contact_user__.unwrap_or_default(),
                    expires_s: expires_s__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.Trunk.Registration", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for trunk::Srtp {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "SRTP_UNSPECIFIED",
            Self::Required => "required",
            Self::Off => "off",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for trunk::Srtp {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "SRTP_UNSPECIFIED",
            "required",
            "off",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = trunk::Srtp;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "SRTP_UNSPECIFIED" => Ok(trunk::Srtp::Unspecified),
                    "required" => Ok(trunk::Srtp::Required),
                    "off" => Ok(trunk::Srtp::Off),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for trunk::Transport {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "TRANSPORT_UNSPECIFIED",
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for trunk::Transport {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "TRANSPORT_UNSPECIFIED",
            "udp",
            "tcp",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = trunk::Transport;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "TRANSPORT_UNSPECIFIED" => Ok(trunk::Transport::Unspecified),
                    "udp" => Ok(trunk::Transport::Udp),
                    "tcp" => Ok(trunk::Transport::Tcp),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkAcquireReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.send_by_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.TrunkAcquireReply", len)?;
        if self.send_by_ms != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("send_by_ms", ToString::to_string(&self.send_by_ms).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkAcquireReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "send_by_ms",
            "sendByMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            SendByMs,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "sendByMs" | "send_by_ms" => Ok(GeneratedField::SendByMs),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkAcquireReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkAcquireReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkAcquireReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut send_by_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::SendByMs => {
                            if send_by_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sendByMs"));
                            }
                            send_by_ms__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(TrunkAcquireReply {
                    send_by_ms: send_by_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkAcquireReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkAcquireRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.trunk.is_empty() {
            len += 1;
        }
        if !self.call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.TrunkAcquireRequest", len)?;
        if !self.trunk.is_empty() {
            struct_ser.serialize_field("trunk", &self.trunk)?;
        }
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkAcquireRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "trunk",
            "call_id",
            "callId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Trunk,
            CallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "trunk" => Ok(GeneratedField::Trunk),
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkAcquireRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkAcquireRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkAcquireRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut trunk__ = None;
                let mut call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Trunk => {
                            if trunk__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunk"));
                            }
                            trunk__ = Some(map_.next_value()?);
                        }
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(TrunkAcquireRequest {
                    trunk: trunk__.unwrap_or_default(),
                    call_id: call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkAcquireRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkDeleteReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("botstream.v1.TrunkDeleteReply", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkDeleteReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkDeleteReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkDeleteReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkDeleteReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(TrunkDeleteReply {
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkDeleteReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkDeleteRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        if self.revision != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.TrunkDeleteRequest", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if self.revision != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("revision", ToString::to_string(&self.revision).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkDeleteRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
            "revision",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
            Revision,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            "revision" => Ok(GeneratedField::Revision),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkDeleteRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkDeleteRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkDeleteRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                let mut revision__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Revision => {
                            if revision__.is_some() {
                                return Err(serde::de::Error::duplicate_field("revision"));
                            }
                            revision__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(TrunkDeleteRequest {
                    name: name__.unwrap_or_default(),
                    revision: revision__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkDeleteRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkDown {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.status.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.TrunkDown", len)?;
        if let Some(v) = self.status.as_ref() {
            struct_ser.serialize_field("status", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkDown {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "status",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Status,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "status" => Ok(GeneratedField::Status),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkDown;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkDown")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkDown, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut status__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Status => {
                            if status__.is_some() {
                                return Err(serde::de::Error::duplicate_field("status"));
                            }
                            status__ = map_.next_value()?;
                        }
                    }
                }
                Ok(TrunkDown {
                    status: status__,
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkDown", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkGetRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.TrunkGetRequest", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkGetRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkGetRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkGetRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkGetRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(TrunkGetRequest {
                    name: name__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkGetRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkListReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.trunks.is_empty() {
            len += 1;
        }
        if !self.cursor.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.TrunkListReply", len)?;
        if !self.trunks.is_empty() {
            struct_ser.serialize_field("trunks", &self.trunks)?;
        }
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkListReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "trunks",
            "cursor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Trunks,
            Cursor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "trunks" => Ok(GeneratedField::Trunks),
                            "cursor" => Ok(GeneratedField::Cursor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkListReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkListReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkListReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut trunks__ = None;
                let mut cursor__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Trunks => {
                            if trunks__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunks"));
                            }
                            trunks__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(TrunkListReply {
                    trunks: trunks__.unwrap_or_default(),
                    cursor: cursor__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkListReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkListRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.limit != 0 {
            len += 1;
        }
        if !self.cursor.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.TrunkListRequest", len)?;
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkListRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "limit",
            "cursor",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Limit,
            Cursor,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "limit" => Ok(GeneratedField::Limit),
                            "cursor" => Ok(GeneratedField::Cursor),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkListRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkListRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkListRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut limit__ = None;
                let mut cursor__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(TrunkListRequest {
                    limit: limit__.unwrap_or_default(),
                    cursor: cursor__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkListRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkReleaseReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("botstream.v1.TrunkReleaseReply", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkReleaseReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkReleaseReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkReleaseReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkReleaseReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(TrunkReleaseReply {
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkReleaseReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkReleaseRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.trunk.is_empty() {
            len += 1;
        }
        if !self.call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.TrunkReleaseRequest", len)?;
        if !self.trunk.is_empty() {
            struct_ser.serialize_field("trunk", &self.trunk)?;
        }
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkReleaseRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "trunk",
            "call_id",
            "callId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Trunk,
            CallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "trunk" => Ok(GeneratedField::Trunk),
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkReleaseRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkReleaseRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkReleaseRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut trunk__ = None;
                let mut call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Trunk => {
                            if trunk__.is_some() {
                                return Err(serde::de::Error::duplicate_field("trunk"));
                            }
                            trunk__ = Some(map_.next_value()?);
                        }
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(TrunkReleaseRequest {
                    trunk: trunk__.unwrap_or_default(),
                    call_id: call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkReleaseRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkStatus {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.state != 0 {
            len += 1;
        }
        if !self.reason.is_empty() {
            len += 1;
        }
        if self.since.is_some() {
            len += 1;
        }
        if !self.node.is_empty() {
            len += 1;
        }
        if self.registration.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.TrunkStatus", len)?;
        if self.state != 0 {
            let v = trunk_status::State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        if !self.reason.is_empty() {
            struct_ser.serialize_field("reason", &self.reason)?;
        }
        if let Some(v) = self.since.as_ref() {
            struct_ser.serialize_field("since", v)?;
        }
        if !self.node.is_empty() {
            struct_ser.serialize_field("node", &self.node)?;
        }
        if let Some(v) = self.registration.as_ref() {
            struct_ser.serialize_field("registration", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkStatus {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "state",
            "reason",
            "since",
            "node",
            "registration",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            State,
            Reason,
            Since,
            Node,
            Registration,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "state" => Ok(GeneratedField::State),
                            "reason" => Ok(GeneratedField::Reason),
                            "since" => Ok(GeneratedField::Since),
                            "node" => Ok(GeneratedField::Node),
                            "registration" => Ok(GeneratedField::Registration),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkStatus;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkStatus")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkStatus, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut state__ = None;
                let mut reason__ = None;
                let mut since__ = None;
                let mut node__ = None;
                let mut registration__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<trunk_status::State>()? as i32);
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Since => {
                            if since__.is_some() {
                                return Err(serde::de::Error::duplicate_field("since"));
                            }
                            since__ = map_.next_value()?;
                        }
                        GeneratedField::Node => {
                            if node__.is_some() {
                                return Err(serde::de::Error::duplicate_field("node"));
                            }
                            node__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Registration => {
                            if registration__.is_some() {
                                return Err(serde::de::Error::duplicate_field("registration"));
                            }
                            registration__ = map_.next_value()?;
                        }
                    }
                }
                Ok(TrunkStatus {
                    state: state__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                    since: since__,
                    node: node__.unwrap_or_default(),
                    registration: registration__,
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkStatus", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for trunk_status::State {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Up => "up",
            Self::Down => "down",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for trunk_status::State {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "STATE_UNSPECIFIED",
            "up",
            "down",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = trunk_status::State;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "STATE_UNSPECIFIED" => Ok(trunk_status::State::Unspecified),
                    "up" => Ok(trunk_status::State::Up),
                    "down" => Ok(trunk_status::State::Down),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for TrunkUp {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.status.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.TrunkUp", len)?;
        if let Some(v) = self.status.as_ref() {
            struct_ser.serialize_field("status", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TrunkUp {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "status",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Status,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "status" => Ok(GeneratedField::Status),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TrunkUp;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.TrunkUp")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TrunkUp, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut status__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Status => {
                            if status__.is_some() {
                                return Err(serde::de::Error::duplicate_field("status"));
                            }
                            status__ = map_.next_value()?;
                        }
                    }
                }
                Ok(TrunkUp {
                    status: status__,
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.TrunkUp", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for UnbridgeReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.other_call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.UnbridgeReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.other_call_id.is_empty() {
            struct_ser.serialize_field("other_call_id", &self.other_call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for UnbridgeReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "other_call_id",
            "otherCallId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            OtherCallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "otherCallId" | "other_call_id" => Ok(GeneratedField::OtherCallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = UnbridgeReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.UnbridgeReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<UnbridgeReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut other_call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::OtherCallId => {
                            if other_call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("otherCallId"));
                            }
                            other_call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(UnbridgeReply {
                    call_id: call_id__.unwrap_or_default(),
                    other_call_id: other_call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.UnbridgeReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for UnbridgeRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.UnbridgeRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for UnbridgeRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = UnbridgeRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.UnbridgeRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<UnbridgeRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(UnbridgeRequest {
                    call_id: call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.UnbridgeRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for UnholdReply {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.UnholdReply", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for UnholdReply {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = UnholdReply;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.UnholdReply")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<UnholdReply, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(UnholdReply {
                    call_id: call_id__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.UnholdReply", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for UnholdRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.call_id.is_empty() {
            len += 1;
        }
        if !self.leg.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("botstream.v1.UnholdRequest", len)?;
        if !self.call_id.is_empty() {
            struct_ser.serialize_field("call_id", &self.call_id)?;
        }
        if !self.leg.is_empty() {
            struct_ser.serialize_field("leg", &self.leg)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for UnholdRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "call_id",
            "callId",
            "leg",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CallId,
            Leg,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "callId" | "call_id" => Ok(GeneratedField::CallId),
                            "leg" => Ok(GeneratedField::Leg),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = UnholdRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct botstream.v1.UnholdRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<UnholdRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut call_id__ = None;
                let mut leg__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CallId => {
                            if call_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callId"));
                            }
                            call_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Leg => {
                            if leg__.is_some() {
                                return Err(serde::de::Error::duplicate_field("leg"));
                            }
                            leg__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(UnholdRequest {
                    call_id: call_id__.unwrap_or_default(),
                    leg: leg__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("botstream.v1.UnholdRequest", FIELDS, GeneratedVisitor)
    }
}
