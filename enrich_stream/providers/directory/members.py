"""Which member of a person a column of the operator's file means, whatever it is called there."""

import re
from collections.abc import Mapping
from functools import lru_cache

from enrich_stream.person import IdentifierKind

IDENTIFIERS: Mapping[str, IdentifierKind] = {str(kind): kind for kind in IdentifierKind}
"""The members that name a person."""

MULTIPLE = frozenset(
    {*IDENTIFIERS, "email_verified", "email_verified_at"}
    | {"phone", "phone_verified", "phone_verified_at"}
)
"""The members whose texts may hold several values, separated by semicolons."""

PROFILE = frozenset(
    {"name", "first_name", "last_name", "headline", "title", "seniority", "department", "company"}
    | {"company_domain", "industry", "location", "city", "state", "country", "about", "website"}
)
"""The members that go into the profile under their own name."""

# Compared without case, punctuation and digits; the canonical names are known by themselves.
_VARIANTS: Mapping[str, str] = {
    "linkedin_url": "linkedin linkedinprofile linkedinprofileurl linkedinlink linkedinaddress"
    " personlinkedinurl contactlinkedinurl linkedinpublicurl linkedinpublicprofileurl",
    "email": "emails mail emailaddress emailaddresses workemail businessemail companyemail"
    " personalemail primaryemail secondaryemail otheremail contactemail",
    "x_handle": "x xurl xusername xprofile twitter twitterhandle twitterurl twitterusername"
    " twitterprofile xtwitter twitterx",
    "github_username": "github githuburl githubhandle githublogin githubprofile githubprofileurl",
    "email_verified": "emailsverified emailisverified emailstatus emailverificationstatus"
    " emailvalid isemailverified",
    "email_verified_at": "emailsverifiedat emailverifiedon emailverifieddate emaillastverified"
    " emaillastverifiedat emailverificationdate",
    "phone": "phones phonenumber phonenumbers telephone tel mobile mobilephone mobilenumber"
    " mobilephonenumber cell cellphone workphone businessphone directphone directdial"
    " workdirectphone homephone otherphone corporatephone companyphone",
    "phone_verified": "phonesverified phonestatus phoneisverified",
    "phone_verified_at": "phonesverifiedat phoneverifiedon phoneverifieddate phonelastverified",
    "profile": "profiledata",
    "signals": "events",
    "updated_at": "updated updatedon lastupdated lastmodified lastmodifieddate modifiedat"
    " modifieddate lastactivitydate",
    "name": "fullname personname contactname displayname",
    "first_name": "givenname forename",
    "last_name": "surname familyname",
    "title": "jobtitle position role jobposition",
    "company": "companyname organization organisation organizationname organisationname employer"
    " account accountname",
    "company_domain": "domain companywebsite websitedomain",
    "location": "personlocation place",
    "state": "region province",
    "about": "summary bio description",
    "website": "personalwebsite homepage url",
}

_NOISE = re.compile(r"[\W\d_]+")


def _squeezed(name: str) -> str:
    return _NOISE.sub("", name.casefold())


_MEMBER_BY_NAME: Mapping[str, str] = {
    **{_squeezed(member): member for member in (*_VARIANTS, *PROFILE)},
    **{variant: member for member, variants in _VARIANTS.items() for variant in variants.split()},
}


@lru_cache(maxsize=1024)
def member_of(name: str) -> str | None:
    """The member that a column or JSON member of that name means; None for an unknown one."""
    return _MEMBER_BY_NAME.get(_squeezed(name))
