"""The year first; thousands apart, as on screens, where Django would group by ten thousands."""

DATE_FORMAT = "Y年n月j日"
SHORT_DATETIME_FORMAT = "Y年n月j日 H:i"
DATETIME_FORMAT = "Y年n月j日 H:i:s e"
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
