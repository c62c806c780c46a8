"""What EPCIS 2.0 JSON writes as bare words, and the URIs they stand for (CBV 2.0, GS1 Web Vocabulary)."""

from __future__ import annotations

from collections.abc import Mapping

_CBV = "https://ref.gs1.org/cbv/"
_GS1 = "https://gs1.org/voc/"


def _terms(stem: str, words: str) -> Mapping[str, str]:
    return {word: stem + word for word in words.split()}


BIZ_STEPS = _terms(
    _CBV + "BizStep-",
    "accepting arriving assembling collecting commissioning consigning creating_class_instance "
    "cycle_counting decommissioning departing destroying disassembling dispensing encoding "
    "entering_exiting holding inspecting installing killing loading other packing picking receiving "
    "removing repackaging repairing replacing reserving retail_selling sampling sensor_reporting "
    "shipping staging_outbound stock_taking stocking storing transporting unloading unpacking "
    "void_shipping",
)
DISPOSITIONS = _terms(
    _CBV + "Disp-",
    "active available completeness_inferred completeness_verified conformant container_closed "
    "container_open damaged destroyed dispensed disposed encoded expired in_progress in_transit "
    "inactive mismatch_class mismatch_instance mismatch_quantity needs_replacement no_pedigree_match "
    "non_conformant non_sellable_other partially_dispensed recalled reserved retail_sold returned "
    "sellable_accessible sellable_not_accessible stolen unavailable unknown",
)
BIZ_TRANSACTION_TYPES = _terms(
    _CBV + "BTT-", "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt"
)
SOURCE_DESTINATION_TYPES = _terms(_CBV + "SDT-", "location owning_party possessing_party")
ERROR_REASONS = _terms(_CBV + "ER-", "did_not_occur incorrect_data")
COMPONENTS = _terms(
    _CBV + "Comp-",
    "x y z altitude axial_distance azimuth easting elevation_angle height latitude longitude northing "
    "polar_angle spherical_radius",
)
MEASUREMENTS = _terms(
    _GS1,
    "AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance "
    "AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area "
    "Capacitance Conductance Conductivity Count Density Dimensionless DoseEquivalent "
    "DoseEquivalentRate DynamicViscosity ElectricCharge ElectricCurrent ElectricCurrentDensity "
    "ElectricFieldStrength Energy Exposure Force Frequency Illuminance Inductance Irradiance "
    "KinematicViscosity Length LinearMomentum Luminance LuminousFlux LuminousIntensity MagneticFlux "
    "MagneticFluxDensity MagneticVectorPotential Mass MassConcentration MassFlowRate MassPerAreaTime "
    "MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power Pressure RadiantFlux "
    "RadiantIntensity Radioactivity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume "
    "Speed SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate "
    "VolumeFraction VolumetricFlux Wavenumber",
)
ALERTS = _terms(_GS1, "ALARM_CONDITION ERROR_CONDITION")

# What the XML of EPCIS 1 wrote, and its successors.
CBV_URNS: Mapping[str, str] = {
    "urn:epcglobal:cbv:bizstep:": _CBV + "BizStep-",
    "urn:epcglobal:cbv:disp:": _CBV + "Disp-",
    "urn:epcglobal:cbv:btt:": _CBV + "BTT-",
    "urn:epcglobal:cbv:sdt:": _CBV + "SDT-",
    "urn:epcglobal:cbv:er:": _CBV + "ER-",
    "urn:epcglobal:cbv:comp:": _CBV + "Comp-",
}
