"""The made-up people: names by language, homes, and shops. Nobody here exists."""

from __future__ import annotations

from typing import NamedTuple


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class Home(NamedTuple):
    """Where a customer lives and how they read. `share`: of 256 customers, so many."""

    share: int
    locale: str
    country: str
    time_zone: str
    names: str
    shops: tuple[str, ...]


_BARCELONA = ("Barcelona Gràcia", "Barcelona Eixample", "Girona", "Vic")
_SPAIN = ("Madrid Chamberí", "València", "Sevilla", "Zaragoza")
_BRITAIN = ("London Soho", "Bristol", "Leeds")
_AMERICA = ("New York SoHo", "Austin")

HOMES = (
    Home(76, "es_ES", "ES", "Europe/Madrid", "es", _SPAIN),
    Home(6, "es_ES", "ES", "Atlantic/Canary", "es", ("Las Palmas",)),
    Home(64, "ca_ES", "ES", "Europe/Madrid", "ca", _BARCELONA),
    Home(24, "ca_AD", "AD", "Europe/Andorra", "ca", ("Andorra la Vella", "Escaldes")),
    Home(44, "en_GB", "GB", "Europe/London", "en", _BRITAIN),
    Home(18, "en_US", "US", "America/New_York", "en", _AMERICA),
    Home(12, "en_US", "US", "America/Los_Angeles", "en", ("San Francisco",)),
    Home(6, "es_US", "US", "America/Chicago", "es", ("Austin",)),
    Home(6, "en_US", "US", "", "en", _AMERICA),
)

FIRST_NAMES = {
    "es": _words(
        "Alba Ana Andrés Beatriz Carlos Carmen Cristina Daniel Diego Elena Esther Fernando "
        "Gonzalo Inés Irene Javier Jorge José Juan Laura Lucía Luis Manuel Marcos María Marta "
        "Miguel Nuria Óscar Pablo Paula Pedro Raquel Rocío Rubén Sara Sergio Sofía Teresa Víctor"
    ),
    "ca": _words(
        "Aina Albert Aleix Anna Arnau Berta Bernat Blanca Carla Clara Dídac Eloi Emma Ferran "
        "Gemma Gerard Guillem Ivet Jan Joan Jordi Júlia Laia Lluc Lluís Marc Mariona Martí "
        "Meritxell Mireia Montserrat Neus Núria Oriol Pau Pere Queralt Roger Rut Xavier"
    ),
    "en": _words(
        "Adam Alice Amelia Ben Charlotte Chloe Daniel David Edward Ella Emily Ethan Freya George "
        "Grace Hannah Harry Isla Jack Jacob James Jessica Leo Lily Lucas Lucy Mason Mia Noah "
        "Oliver Olivia Owen Poppy Rosie Ruby Samuel Sophie Thomas William Zoe"
    ),
}
LAST_NAMES = {
    "es": _words(
        "Aguilar Alonso Blanco Cabrera Castro Delgado Díaz Domínguez Fernández Flores García Gil "
        "Gómez González Gutiérrez Hernández Herrera Ibáñez Iglesias Jiménez León López Lozano "
        "Marín Martín Medina Molina Moreno Muñoz Navarro Núñez Ortega Peña Prieto Ramos Rubio "
        "Sánchez Santos Suárez Vega"
    ),
    "ca": _words(
        "Alsina Arnau Balaguer Bofill Camps Casals Coll Comas Dalmau Domènech Esteve Farré Ferrer "
        "Font Fontanet Gallart Garriga Grau Guasch Llobet Llopis Mas Masdéu Miralles Oliva Palau "
        "Pla Planas Pons Prats Puig Roca Roig Rovira Sala Serra Soler Tarrés Vidal Vilanova"
    ),
    "en": _words(
        "Adams Allen Baker Bell Bennett Brown Carter Clark Collins Cooper Davies Edwards Evans "
        "Foster Gray Green Hall Harris Hill Hughes Jackson Jones Kelly King Lewis Miller Mitchell "
        "Moore Morgan Parker Phillips Roberts Shaw Stewart Taylor Turner Walker Ward White Wood"
    ),
}
