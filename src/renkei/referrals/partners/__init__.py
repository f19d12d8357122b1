"""With whom a facility exchanges patients: numbers of referrals, never a patient."""
