"""The desk's list of back-referrals to come: few rows among all that a hospital ever received."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("referrals", "0002_paper_and_suggestion")]

    operations = [
        migrations.AddIndex(
            model_name="referral",
            index=models.Index(
                condition=models.Q(("back_referral_planned", True)),
                fields=["receiver"],
                name="referral_planned_back",
            ),
        ),
    ]
