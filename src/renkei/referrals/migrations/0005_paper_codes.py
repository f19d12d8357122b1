import django.db.models.deletion
import renkei.kernel.clock
import renkei.kernel.identifiers
from django.db import migrations, models
from renkei.gate.rls import CIRCLE, Protect, rule


class Migration(migrations.Migration):

    dependencies = [
        ('gate', '0003_history'),
        ('circles', '0003_consent'),
        ('directory', '0004_unread_reply'),
        ('patients', '0003_regional_person'),
        ('referrals', '0004_unread_replies'),
    ]

    operations = [
        migrations.AddField(
            model_name='replyletter',
            name='on_paper',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='replyletter',
            name='taken_back_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name='PaperCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=0, editable=False)),
                ('uid', models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True)),
                ('key', models.CharField(max_length=20, unique=True)),
                ('kind', models.CharField(blank=True, max_length=20)),
                ('issued_at', models.DateTimeField(default=renkei.kernel.clock.now)),
                ('issued_by', models.CharField(blank=True, max_length=120)),
                ('valid_until', models.DateField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_by', models.CharField(blank=True, max_length=120)),
                ('circle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='circles.circle')),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.facility')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.patient')),
                ('referral', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='paper_codes', to='referrals.referral')),
            ],
            options={
                'ordering': ['referral_id', 'id'],
            },
        ),
        Protect("referrals_papercode", using=rule(CIRCLE, circle_id="circle_id")),
    ]
