"""Which checks the annotations of catalign get while tests run."""

from beartype import BeartypeConf, beartype

# As static checkers do, an int passes where a float is asked for.
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
